import { randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { hasCode, SetupError } from '../error.ts';
import { makeWorker } from './make.ts';
import { type WorkerPlace, workerPlace } from './place.ts';
import { startsHere } from './verify.ts';

/** Makes a worker that works here, and puts it whole at `target`. */
export type Make = (place: WorkerPlace, target: string) => Promise<void>;

/**
 * Sees to it that mediasoup finds its worker: the one that MEDIASOUP_WORKER_BIN names, the one in the package, the one
 * in the user's cache, or one that is made now. Where the package's folder cannot be written, it sets
 * MEDIASOUP_WORKER_BIN for this process: call it before mediasoup is imported.
 * @throws SetupError when there is none and none can be made; the signal's reason when aborted.
 */
export async function ensureWorker(
  root: string,
  signal: AbortSignal,
  { env = process.env, make }: { env?: NodeJS.ProcessEnv; make?: Make } = {},
): Promise<void> {
  if (env.MEDIASOUP_WORKER_BIN) {
    checkGiven(env.MEDIASOUP_WORKER_BIN);
    return;
  }
  const place = workerPlace(root, env);
  if (isInstalled(place)) return;

  const cached = join(place.cache, place.name);
  if (!existsSync(cached) || !startsHere(cached)) {
    await (make ?? ((where, target) => makeWorker(root, where, target, signal)))(place, cached);
  }
  if (!install(place, cached)) env.MEDIASOUP_WORKER_BIN = cached;
}

function checkGiven(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new SetupError(
      `MEDIASOUP_WORKER_BIN is "${path}", which is not a file that can be executed: name a worker, or unset it.`,
    );
  }
}

/** A file there was put by upstream's own installation; a link is ours, and its target says what it was made for. */
function isInstalled({ release, name, overlay }: WorkerPlace): boolean {
  const path = join(release, 'mediasoup-worker');
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.isSymbolicLink()) return found?.isFile() ?? false;
  return existsSync(path) && (readlinkSync(path) === name || !existsSync(overlay));
}

/** Copies the worker into the package, each step whole or not at all. False when this user may not write there. */
function install({ release, name }: WorkerPlace, cached: string): boolean {
  const temporary = join(release, `.${name}.${randomUUID()}`);
  try {
    mkdirSync(release, { recursive: true });
    copyFileSync(cached, temporary);
    renameSync(temporary, join(release, name));
    symlinkSync(name, temporary);
    renameSync(temporary, join(release, 'mediasoup-worker'));
    return true;
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
    return false;
  } finally {
    rmSync(temporary, { force: true });
  }
}
