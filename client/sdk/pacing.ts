import { SignallingError } from './errors.ts';

/** Requests that wait for their answers at once, as long as the server takes them all. */
const WINDOW = 64;

/** Where the server does not say when to ask again, in ms. */
const SPACING_MS = 50;

/** A request that is refused so often is not sent again. */
const MAX_REFUSALS = 10;

/** How `Pacing` waits and tells the time, in ms. */
export interface PacingClock {
  now: () => number;
  wait: (ms: number) => Promise<void>;
}

const realClock: PacingClock = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Sends many requests without being cut off: a large room has more tracks than the server takes messages at once. As soon as it
 * refuses one (`rate_limited`), they go one by one, as slowly as it says, until none waits any more.
 */
export class Pacing {
  readonly #clock: PacingClock;
  readonly #waiting: (() => void)[] = [];
  #sent = 0;
  #spacingMs = 0;
  #notBefore = 0;
  #paused = false;

  constructor(clock: PacingClock = realClock) {
    this.#clock = clock;
  }

  /**
   * Sends a request when it is its turn.
   *
   * @param isUrgent It goes before those that are not.
   * @throws what `ask` throws; `rate_limited` only where the server refuses it again and again.
   */
  async run<T>(ask: () => Promise<T>, isUrgent = false): Promise<T> {
    for (let refusals = 1; ; refusals += 1) {
      await this.#turn(isUrgent);
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof SignallingError && error.code === 'rate_limited')) throw error;
        if (refusals === MAX_REFUSALS) throw error;
        this.#slowDown(error.detail.retryAfterMs ?? SPACING_MS);
      } finally {
        this.#sent -= 1;
        this.#next();
      }
    }
  }

  #turn(isUrgent: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isUrgent) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
      this.#next();
    });
  }

  /** With jitter, and room for what is not sent here. */
  #slowDown(retryAfterMs: number): void {
    this.#spacingMs = retryAfterMs * (1.25 + Math.random() / 4);
    this.#notBefore = this.#clock.now() + this.#spacingMs;
  }

  #next(): void {
    if (this.#waiting.length === 0 && this.#sent === 0) this.#spacingMs = 0;
    const window = this.#spacingMs > 0 ? 1 : WINDOW;
    while (!this.#paused && this.#sent < window && this.#waiting.length > 0) {
      const wait = this.#spacingMs > 0 ? this.#notBefore - this.#clock.now() : 0;
      if (wait > 0) {
        void this.#pause(wait);
        return;
      }
      this.#notBefore = this.#clock.now() + this.#spacingMs;
      this.#sent += 1;
      this.#waiting.shift()?.();
    }
  }

  async #pause(ms: number): Promise<void> {
    this.#paused = true;
    await this.#clock.wait(ms);
    this.#paused = false;
    this.#next();
  }
}
