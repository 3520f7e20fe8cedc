import type { types } from 'mediasoup-client';
import type { Result } from '../../server/protocol/methods.ts';
import { backOff } from './back-off.ts';
import { SignallingError } from './errors.ts';

/** Time that a cut path may take to heal by itself, in ms: the browser has missed answers for seconds by then. */
const PATIENCE_MS = 500;

/** Waits between tries, in ms. */
const RETRY = { firstMs: 500, mostMs: 8_000 };

/** Time that a new path may take to carry something before the next try, in ms. */
const FOUND_MS = 5_000;

/** A browser that fails so often to restart ICE will not do it any more. */
const MAX_FAILURES = 3;

/** Refusals after which the server has no such transport, or no such participant. */
const FINAL = new Set<SignallingError['code']>(['not_found', 'not_joined', 'gone']);

export interface IceRestartingOptions {
  transport: Pick<
    types.Transport,
    'id' | 'closed' | 'connectionState' | 'on' | 'observer' | 'restartIce' | 'updateIceServers'
  >;
  /** Has the server restart its side. @throws {SignallingError} where it refuses, or cannot be asked. */
  ask: () => Promise<Result<'restartIce'>>;
  /** The transport cannot be had back. */
  lost: () => void;
  /** Calls back once, after so many ms (default: `setTimeout`). @returns what cancels it. */
  after?: (ms: number, callback: () => void) => () => void;
}

const realAfter = (ms: number, callback: () => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/**
 * Restarts ICE while the network path of a transport is cut (RFC 8445, section 9), again and again. After a refusal it waits and tries
 * again; only a final one ends the transport.
 */
export class IceRestarting {
  readonly #options: IceRestartingOptions;
  #cancel: () => void = () => undefined;
  #busy = false;
  /** Somebody else has found that nothing comes by the path, though the browser still takes it for whole. */
  #isSuspect = false;
  /** The network is another one: what the browser takes for whole is to be made anew all the same. */
  #isOutdated = false;
  /** The last restart may still find a path. */
  #isFresh = false;
  /** Tries since the path was last whole, and those of them in which the browser failed. */
  #tries = 0;
  #failures = 0;

  constructor(options: IceRestartingOptions) {
    this.#options = options;
    const { transport } = options;
    transport.on('connectionstatechange', (state) => {
      if (state === 'connected') this.#rest();
      else if (state === 'disconnected') this.#try(PATIENCE_MS);
      else if (state === 'failed') this.#try(this.#tries === 0 ? 0 : backOff(this.#tries, RETRY));
    });
    transport.observer.once('close', () => this.#cancel());
  }

  /** Tries at once where the path is cut: the network may be another one by now. */
  again(): void {
    if (this.#isNeeded) this.#try(0);
  }

  /**
   * Says whether anything comes by the path, which a browser notices after five seconds or more. Where nothing does, ICE is restarted at
   * once, unless it just was.
   */
  suspect(isSuspect: boolean): void {
    const isNew = isSuspect && !this.#isSuspect && !this.#isFresh;
    this.#isSuspect = isSuspect;
    if (isNew) this.#try(0);
  }

  /** Restarts ICE at once, whatever the browser says of the path. */
  renew(): void {
    this.#isOutdated = true;
    this.#try(0);
  }

  get #isNeeded(): boolean {
    const { closed } = this.#options.transport;
    return !closed && (this.isCut || this.#isSuspect || this.#isOutdated);
  }

  /** Nothing arrives or leaves, as far as the browser knows. */
  get isCut(): boolean {
    const { closed, connectionState } = this.#options.transport;
    return !closed && ['disconnected', 'failed'].includes(connectionState);
  }

  #rest(): void {
    this.#cancel();
    this.#isFresh = false;
    this.#tries = 0;
    this.#failures = 0;
  }

  #try(afterMs: number): void {
    const { after = realAfter } = this.#options;
    this.#cancel();
    this.#cancel = after(afterMs, () => void this.#restart());
  }

  async #restart(): Promise<void> {
    const { transport, ask, lost } = this.#options;
    this.#isFresh = false;
    if (this.#busy || !this.#isNeeded) return;
    this.#busy = true;
    this.#tries += 1;
    try {
      const { iceParameters, iceServers } = await ask();
      await this.#useServers(iceServers);
      await transport.restartIce({ iceParameters });
      this.#isFresh = true;
      this.#isOutdated = false;
      this.#try(FOUND_MS);
    } catch (error) {
      if (transport.closed) return;
      if (!(error instanceof SignallingError)) this.#failures += 1;
      if (isFinal(error) || this.#failures >= MAX_FAILURES) lost();
      else this.#try(waitOf(error, this.#tries));
    } finally {
      this.#busy = false;
    }
  }

  /** Firefox cannot do it: what is relayed already does not need new credentials. */
  async #useServers(iceServers: types.TransportOptions['iceServers'] & object): Promise<void> {
    await this.#options.transport.updateIceServers({ iceServers }).catch(() => undefined);
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof SignallingError && FINAL.has(error.code);
}

function waitOf(error: unknown, tries: number): number {
  const asked = error instanceof SignallingError ? error.detail.retryAfterMs : undefined;
  return Math.max(backOff(tries, RETRY), asked ?? 0);
}
