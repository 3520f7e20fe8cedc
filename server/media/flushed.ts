import type { types } from 'mediasoup';

/** After this a worker that does not answer counts as one that forwards nothing, in ms. */
const ANSWER_MS = 2_000;

/**
 * Resolves when the worker has done everything that it was asked for before, since it works in order; a worker that
 * has ended, or hangs, is not waited for.
 */
export async function flushed(worker: types.Worker): Promise<void> {
  const answer = worker.getResourceUsage().catch((reason: unknown) => reason);
  let giveUp: NodeJS.Timeout | undefined;
  const tooLate = new Promise<void>((resolve) => (giveUp = setTimeout(resolve, ANSWER_MS)));
  await Promise.race([answer, tooLate]);
  clearTimeout(giveUp);
}
