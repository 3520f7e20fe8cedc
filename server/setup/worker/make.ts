import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../error.ts';
import { CommandError } from '../run.ts';
import { withTemporaryFolder } from '../temporary.ts';
import { buildWorker } from './build.ts';
import type { WorkerPlace } from './place.ts';
import { fetchPrebuilt } from './prebuilt.ts';
import { verifyWorker } from './verify.ts';

/**
 * Fetches the worker, or builds it (about 4 minutes on 2 cores), tries it, and puts it at `target`, in the cache.
 * Several processes may do it at once: each works in a folder of its own, and the last one's worker stays.
 * @throws SetupError when it can be neither fetched nor built; the signal's reason when aborted.
 */
export async function makeWorker(
  root: string,
  place: WorkerPlace,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  createCache(place.cache);
  await withTemporaryFolder(place.cache, 'make', async (folder) => {
    const worker =
      (await tryPrebuilt(root, place, folder, signal)) ?? (await build(root, place, folder, signal));
    renameSync(worker, target);
  });
}

function createCache(cache: string): void {
  try {
    mkdirSync(cache, { recursive: true });
  } catch (error) {
    throw new SetupError(
      `mediasoup's worker cannot be kept in ${cache}: ${String(error)}. Set XDG_CACHE_HOME to a folder that can be written.`,
    );
  }
}

async function tryPrebuilt(root: string, { mediasoup }: WorkerPlace, folder: string, signal: AbortSignal) {
  process.stderr.write("Fetching mediasoup's worker, as built by its authors…\n");
  const empty = join(folder, 'prebuilt');
  mkdirSync(empty);
  try {
    const worker = await fetchPrebuilt(mediasoup, empty, signal);
    await verifyWorker(worker, root, signal);
    return worker;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(
      "None to be had from here: it has to be built from Debian's libraries, once, which takes some minutes\n",
    );
    return undefined;
  }
}

async function build(root: string, { mediasoup, overlay }: WorkerPlace, folder: string, signal: AbortSignal) {
  if (!existsSync(overlay)) {
    throw new SetupError(
      `mediasoup's worker is missing, and so are the sources to build it with (${overlay}).`,
    );
  }
  try {
    const worker = await buildWorker(mediasoup, overlay, join(folder, 'build'), signal);
    await verifyWorker(worker, root, signal);
    return worker;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(`mediasoup's worker could not be built. ${error.message}\n${error.output}`);
  }
}
