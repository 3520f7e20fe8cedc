import { spawnSync } from 'node:child_process';
import { run } from '../run.ts';

// What the worker answers when nothing tells it which mediasoup started it.
const NO_PARENT = 41;

const CALL = `
import { createWorker } from 'mediasoup';
const worker = await createWorker();
await worker.createRouter();
worker.close();`;

/** Whether the worker can be started on this machine at all: it was made for its processor and its libraries are there. */
export function startsHere(worker: string): boolean {
  return spawnSync(worker, [], { env: {}, stdio: 'ignore', timeout: 5_000 }).status === NO_PARENT;
}

/**
 * Has mediasoup (that of the project in `root`) start the worker and make a router in it.
 * @throws CommandError when it does not come to that.
 */
export async function verifyWorker(worker: string, root: string, signal: AbortSignal): Promise<void> {
  const env = { ...process.env, MEDIASOUP_WORKER_BIN: worker };
  await run(process.execPath, ['--input-type=module', '--eval', CALL], {
    cwd: root,
    env,
    signal,
    timeoutMs: 20_000,
  });
}
