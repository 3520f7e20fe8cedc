import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { types } from 'mediasoup';

/** Time that a worker has to answer a probe, and time between two probes, in ms. */
const PROBE_MS = 2_000;

/** Probes in a row without an answer after which a worker counts as one that hangs. */
const MISSES = 3;

/** A probe in which Node's own event loop was later than this says nothing of the worker, in ms. */
const LATE_MS = 500;

/** A worker that is probed. */
export interface Probed {
  readonly worker: types.Worker;
  /** Probes in a row that it has not answered. */
  misses: number;
}

/**
 * Asks every worker again and again whether it still answers: one that hangs has not ended, so mediasoup never says that
 * it died.
 */
export class WorkerProbe<W extends Probed> {
  readonly #workers: () => readonly W[];
  readonly #hung: (worker: W) => void;
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param workers Those that run now.
   * @param hung Is told of a worker that has missed three probes.
   */
  constructor(workers: () => readonly W[], hung: (worker: W) => void) {
    this.#workers = workers;
    this.#hung = hung;
  }

  start(): void {
    this.#delay.enable();
    this.#probe();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#delay.disable();
  }

  #probe(): void {
    const silent = new Set(this.#workers());
    for (const one of silent) {
      const answer = () => {
        silent.delete(one);
        one.misses = 0;
      };
      // One that was closed meanwhile is refused at once.
      one.worker.dump().then(answer, answer);
    }
    this.#delay.reset();
    const due = performance.now() + PROBE_MS;
    this.#timer = setTimeout(() => void this.#judge(silent, due), PROBE_MS);
  }

  async #judge(silent: ReadonlySet<W>, due: number): Promise<void> {
    const lateMs = Math.max(performance.now() - due, this.#delay.max / 1e6);
    // An answer that has come, and is not read yet, is read before this goes on.
    await nextTurn();
    if (this.#stopped) return;
    if (lateMs < LATE_MS) {
      for (const one of silent) {
        one.misses += 1;
        if (one.misses === MISSES) this.#hung(one);
      }
    }
    this.#probe();
  }
}
