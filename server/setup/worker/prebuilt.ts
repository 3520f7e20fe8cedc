import { join } from 'node:path';
import { run } from '../run.ts';

const LONGEST_MS = 60_000;

/**
 * Has mediasoup's own installation script fetch the worker that its authors built.
 * @param folder where the script works: an empty one
 * @returns the path of the worker
 * @throws CommandError when there is none for this machine, it does not run here, or it cannot be fetched within 60 s.
 */
export async function fetchPrebuilt(mediasoup: string, folder: string, signal: AbortSignal): Promise<string> {
  // Without a Python the script's next step, to build what it could not fetch, fails at once.
  const env = { ...process.env, PYTHON: 'false' };
  await run(process.execPath, [join(mediasoup, 'npm-scripts.mjs'), 'postinstall'], {
    cwd: folder,
    env,
    signal,
    timeoutMs: LONGEST_MS,
  });
  return join(folder, 'worker', 'out', 'Release', 'mediasoup-worker');
}
