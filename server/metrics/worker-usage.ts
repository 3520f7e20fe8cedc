import type { types } from 'mediasoup';
import type { MediaWorker } from '../media/worker-pool.ts';

/** After this a worker counts as one that does not answer, in ms. */
const ANSWER_MS = 500;

/** Asks workers what they have used of the machine, and waits for none for long. */
export class WorkerUsage {
  /** Questions that have no answer yet: a worker that hangs is asked once. */
  readonly #asked = new WeakMap<MediaWorker, Promise<types.WorkerResourceUsage | undefined>>();

  /** @returns undefined where the worker has ended, or does not answer in time. */
  async of(worker: MediaWorker): Promise<types.WorkerResourceUsage | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), ANSWER_MS);
    });
    try {
      return await Promise.race([this.#ask(worker), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  #ask(entry: MediaWorker): Promise<types.WorkerResourceUsage | undefined> {
    const under = this.#asked.get(entry);
    if (under) return under;
    const answer = entry.worker
      .getResourceUsage()
      .catch(() => undefined)
      .finally(() => this.#asked.delete(entry));
    this.#asked.set(entry, answer);
    return answer;
  }
}
