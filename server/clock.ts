/** Something that happens later, unless it is cancelled. */
export interface Timer {
  /** Doing it again, or after it happened, does nothing. */
  cancel(): void;
}

/** The time, and what happens at one. Parts that wait long are given one, which tests move forward. */
export interface Clock {
  /** Wall-clock time, in ms since 1970. */
  now(): number;
  /** Time that never goes back, in ms since some moment. */
  monotonic(): number;
  /** Calls back once, after a time in ms. */
  after(ms: number, callback: () => void): Timer;
}

/** The longest that a timer of Node.js can wait, in ms. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** The machine's own. It calls back early where `ms` is more than 24 days. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_WAIT_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};
