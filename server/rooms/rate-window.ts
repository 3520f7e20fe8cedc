interface Reading {
  /** In ms, by a monotonic clock. */
  at: number;
  total: number;
}

/** Readings in a window at most; of more the latest ones are merged. */
const MAX_READINGS = 50;

/** The mean rate of a counter over the last while, by the times at which it was really read. */
export class RateWindow {
  readonly #length: number;
  readonly #readings: Reading[] = [];

  /** @param length How long it is, in ms. */
  constructor(length: number) {
    this.#length = length;
  }

  /** The counter was read. A time before the last one is passed over. */
  add(at: number, total: number): void {
    const [before, last] = [this.#readings.at(-2), this.#readings.at(-1)];
    if (last && at < last.at) return;
    if (before && last && last.at - before.at < this.#length / MAX_READINGS) this.#readings.pop();
    this.#readings.push({ at, total });
    // The first one is where the window begins: the latest reading that is a whole window old.
    while (this.#readings[1] && at - this.#readings[1].at >= this.#length) this.#readings.shift();
  }

  /**
   * The mean a second over the window, or over the shortest time between readings that is not less. Undefined: the counter
   * has not been read for so long.
   */
  get rate(): number | undefined {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (!first || !last || last.at - first.at < this.#length) return undefined;
    return ((last.total - first.total) * 1_000) / (last.at - first.at);
  }
}
