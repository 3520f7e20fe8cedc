import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { SetupError } from '../error.ts';
import { hashOf } from '../hash.ts';
import { edits } from './edits.ts';

/** Where the worker is made from, looked for and kept. */
export interface WorkerPlace {
  /** The package's folder. */
  mediasoup: string;
  /** What we add to its sources; not there in an image that has only what was compiled. */
  overlay: string;
  /** The folder in which mediasoup looks for `mediasoup-worker`. */
  release: string;
  /** The folder that keeps workers beyond the next `npm ci`. */
  cache: string;
  /** The file's name where it is ours: it says for which mediasoup, machine and overlay it was made. */
  name: string;
}

/**
 * @param env `XDG_CACHE_HOME` (default: `~/.cache`) is where the cache is.
 * @throws SetupError when mediasoup is not installed.
 */
export function workerPlace(root: string, env: NodeJS.ProcessEnv): WorkerPlace {
  const mediasoup = join(root, 'node_modules', 'mediasoup');
  const overlay = join(root, 'server', 'setup', 'worker', 'overlay');
  const xdg = env.XDG_CACHE_HOME ?? '';
  const made = createHash('sha256')
    .update(hashOf(overlay, ['.']))
    .update(JSON.stringify(edits));
  return {
    mediasoup,
    overlay,
    release: join(mediasoup, 'worker', 'out', 'Release'),
    cache: join(isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'trivium'),
    name: `mediasoup-worker-${versionOf(mediasoup)}-${process.platform}-${process.arch}-${made.digest('hex').slice(0, 12)}`,
  };
}

function versionOf(folder: string): string {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) throw new SetupError(`mediasoup is not installed in ${folder}: run "npm ci" first.`);
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof content === 'object' && content !== null && 'version' in content) return String(content.version);
  throw new SetupError(`${file} has no version: run "npm ci" again.`);
}
