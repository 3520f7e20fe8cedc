import { systemClock, type Clock, type Timer } from '../../server/clock.ts';

/** Goes on as the machine's clock does, and can be moved forward. */
export class TestClock implements Clock {
  readonly #waiting = new Set<{ at: number; callback: () => void; timer: Timer }>();
  #ahead = 0;

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#ahead;
  }

  after(ms: number, callback: () => void): Timer {
    const at = this.monotonic() + ms;
    const run = () => {
      this.#waiting.delete(entry);
      callback();
    };
    const entry = { at, callback: run, timer: systemClock.after(ms, run) };
    this.#waiting.add(entry);
    return {
      cancel: () => {
        this.#waiting.delete(entry);
        entry.timer.cancel();
      },
    };
  }

  /** Moves it forward by so many ms. What was to happen until then happens before this returns. */
  advance(ms: number): void {
    this.#ahead += ms;
    const now = this.monotonic();
    for (const entry of [...this.#waiting].sort((a, b) => a.at - b.at)) {
      entry.timer.cancel();
      if (entry.at <= now) entry.callback();
      else entry.timer = systemClock.after(entry.at - now, entry.callback);
    }
  }
}
