/** A pending callback. */
export interface Timer {
  /** Idempotent; does nothing once the callback has run. */
  cancel(): void;
}

/** The current time, and timers. It is injected where code waits long, so that tests can move time forward. */
export interface Clock {
  /** Wall-clock time, in ms since 1970. */
  now(): number;
  /** Monotonic time, in ms since an arbitrary moment. */
  monotonic(): number;
  /** Calls back once, after `ms`. */
  after(ms: number, callback: () => void): Timer;
}

/** The longest that a timer of Node.js can wait, in ms. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** The system's clock. A timer of more than 24 days calls back early. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_WAIT_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};
