/** A wall clock this far ahead has been set forward, in ms. */
const JUMP_MS = 1_000;

/**
 * The time of readings in the calendar, by a clock that never jumps: intervals follow each other without overlap. Where the
 * wall clock was set forward, or nothing was read for a while by a clock that stood still, time goes on from there; where it
 * was set back, time goes on as it was.
 */
export class Timeline {
  /** What is added to the time of a reading, in ms. */
  #offset: number;

  /** @param at By the readings' clock. @param now By the wall clock at that moment, in ms since the epoch. */
  constructor(at: number, now: number) {
    this.#offset = now - at;
  }

  /** When a reading was taken, in ms since the epoch; never before what an earlier one got. */
  timeOf(at: number, now: number): number {
    if (now - (at + this.#offset) > JUMP_MS) this.#offset = now - at;
    return at + this.#offset;
  }
}
