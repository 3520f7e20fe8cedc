import type { Logger } from 'pino';
import type { Clock, Timer } from '../clock.ts';
import type { DeclaredStreams } from './declared.ts';
import type { SlotLedger } from './slot-ledger.ts';
import type { Streams } from './streams.ts';

export interface LeasesOptions {
  streams: Streams;
  ledger: SlotLedger;
  declared?: DeclaredStreams;
  /** Ends the calls of servers that are gone. */
  endLostCalls: () => Promise<void>;
  /** How long this server's slots are held without being renewed, in ms. */
  lease: number;
  /** How long a declared one is, at least, in ms. */
  declaredLease: number;
  clock: Clock;
  log: Logger;
}

/** How long before its leases run out a server gives its videos up, in ms; for short leases a fifth of them. */
const MARGIN_MS = 3_000;

/**
 * Renews this server's leases three times in each, frees slots whose lease has run out, and ends the calls of servers that are
 * gone. Time is that of the monotonic clock, from before a renewal was sent: a clock that is set, or an answer that is late, makes
 * no lease longer.
 */
export class Leases {
  readonly #options: LeasesOptions;
  #timer: NodeJS.Timeout | undefined;
  #deadline: Timer | undefined;
  #renewing = false;
  #tidying = false;
  /** When the first and the last renewal were sent since everything has got through to the ledger, in ms of the monotonic clock. */
  #unbroken: { since: number; until: number } | undefined;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.round().catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'leases were not renewed, or what is over not tidied up');
      });
    }, this.#options.lease / 3);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#deadline?.cancel();
  }

  /**
   * Renews once, then tidies up. Neither is begun while the one before is under way; a renewal does not wait for the tidying of
   * the round before, however long that takes.
   *
   * @throws whatever the ledger throws.
   */
  async round(): Promise<void> {
    try {
      await this.#renew();
      await this.#tidy();
    } catch (error) {
      this.#unbroken = undefined;
      throw error;
    }
  }

  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const asked = this.#options.clock.monotonic();
    try {
      const { shared, ended } = await this.#options.streams.renew();
      this.#giveUpUnlessRenewed(asked, shared);
      await ended;
      this.#unbroken = { since: this.#unbroken?.since ?? asked, until: asked };
    } finally {
      this.#renewing = false;
    }
  }

  async #tidy(): Promise<void> {
    if (this.#tidying) return;
    this.#tidying = true;
    const { streams, declared } = this.#options;
    try {
      await streams.tidy();
      await declared?.releaseAbandoned();
      if (this.#unbroken) await this.#sweep(this.#unbroken.until - this.#unbroken.since);
    } finally {
      this.#tidying = false;
    }
  }

  /** Another server may take this one's slots when their leases run out; a sole one keeps its videos. */
  #giveUpUnlessRenewed(renewedAt: number, shared: boolean): void {
    this.#deadline?.cancel();
    if (!shared) return;
    const { lease, streams, clock, log } = this.#options;
    const left = lease - Math.min(MARGIN_MS, lease / 5) - (clock.monotonic() - renewedAt);
    this.#deadline = clock.after(left, () => {
      streams
        .giveUpAll()
        .catch((error: unknown) => log.error({ err: error }, 'videos could not be given up'));
    });
  }

  /**
   * Whoever could not reach the ledger could not renew: so nobody's lease is taken for expired before this server has
   * itself reached the ledger without a break for as long as that lease.
   */
  async #sweep(unbroken: number): Promise<void> {
    const { lease, declaredLease, ledger, streams, endLostCalls } = this.#options;
    const users = [
      ...(unbroken >= lease ? await ledger.sweepExpired('servers') : []),
      ...(unbroken >= declaredLease ? await ledger.sweepExpired('declared') : []),
    ];
    for (const userId of new Set(users)) await streams.refresh(userId);
    if (unbroken >= lease) await endLostCalls();
  }
}
