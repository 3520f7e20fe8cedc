import type { Clock, Timer } from '../../clock.ts';
import type { Publication } from '../../rooms/publication.ts';

/** After a failure that may pass, a video is left alone for so long, in ms. */
const RETRY_MS = 3_000;
/** A video that the client gives back unplayed so often is not offered to it again. */
const MAX_UNPLAYED = 3;

/** Videos that could not be started for a participant, and how long each is left alone. */
export class PutOffs {
  readonly #clock: Clock;
  readonly #over: () => void;
  /** Until when each is left alone, in ms by the monotonic clock. */
  readonly #until = new WeakMap<Publication, number>();
  /** How often the client has given each back without playing it. */
  readonly #unplayed = new WeakMap<Publication, number>();
  readonly #timers = new Set<Timer>();

  /** @param over A video may be tried again. */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  has(publication: Publication): boolean {
    return (this.#until.get(publication) ?? 0) > this.#clock.monotonic();
  }

  /** Starting it has failed. @param ms How long it is left alone; Infinity for good. */
  add(publication: Publication, ms = RETRY_MS): void {
    this.#until.set(publication, this.#clock.monotonic() + ms);
    if (ms === Infinity) return;
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      this.#over();
    });
    this.#timers.add(timer);
  }

  /** The client has given it back without playing it: it is tried again later each time, and then no more. */
  addUnplayed(publication: Publication): void {
    const times = (this.#unplayed.get(publication) ?? 0) + 1;
    this.#unplayed.set(publication, times);
    this.add(publication, times < MAX_UNPLAYED ? RETRY_MS * times : Infinity);
  }

  /** It plays. */
  delete(publication: Publication): void {
    this.#until.delete(publication);
    this.#unplayed.delete(publication);
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
