import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import type { ClientAddress } from '../identity/address.ts';

/** When another try makes sense: sockets that join no room are closed by then. In ms. */
const RETRY_AFTER_MS = 10_000;

/** Time between two lines of the log about refusals, in ms. */
const LOG_INTERVAL_MS = 60_000;

interface SocketLimitOptions {
  /** Signalling sockets that are open at once from one address. */
  perAddress: number;
  /** Monotonic time, in ms. */
  now: () => number;
  log: Logger;
}

/** How many signalling sockets each address has open, of guests and of users with tokens. */
export class SocketLimit {
  readonly #options: SocketLimitOptions;
  readonly #open = new Map<string, number>();
  #refused = 0;
  #logged = { at: -Infinity, refused: 0 };

  constructor(options: SocketLimitOptions) {
    this.#options = options;
  }

  /** How many were refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** @throws {AppError} `rate_limited` with `limit`, `current` and `retryAfterMs` where there may not be one more. */
  refuseOneMore({ key, bounded }: ClientAddress): void {
    const { perAddress: limit } = this.#options;
    const current = this.#open.get(key) ?? 0;
    if (!bounded || current < limit) return;
    throw new AppError(
      'rate_limited',
      `Too many connections are open from your network address (${current} of ${limit}). Close a tab, or try again in ${RETRY_AFTER_MS / 1000} s.`,
      { limit, current, retryAfterMs: RETRY_AFTER_MS },
    );
  }

  /** Counts a socket until it closes. @throws {AppError} as `refuseOneMore`; then it does not count. */
  take(from: ClientAddress, socket: Socket): void {
    try {
      this.refuseOneMore(from);
    } catch (error) {
      this.#refused += 1;
      this.#tell(from);
      throw error;
    }
    // It would not tell again that it has closed.
    if (socket.closed) return;
    const { key } = from;
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    socket.once('close', () => {
      const left = (this.#open.get(key) ?? 0) - 1;
      if (left > 0) this.#open.set(key, left);
      else this.#open.delete(key);
    });
  }

  #tell({ key }: ClientAddress): void {
    const { now, log, perAddress } = this.#options;
    if (now() - this.#logged.at < LOG_INTERVAL_MS) return;
    const refused = this.#refused - this.#logged.refused;
    this.#logged = { at: now(), refused: this.#refused };
    log.warn(
      { address: key, limit: perAddress, refused },
      'signalling refused: as many sockets are open from this address as may be (SOCKETS_PER_ADDRESS)',
    );
  }
}
