import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A hash (64 hexadecimal digits) of the names and contents of files and of all files in folders; `paths` are relative
 * to `root`, and what is not there counts as not there.
 */
export function hashOf(root: string, paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) add(hash, root, path);
  return hash.digest('hex');
}

function add(hash: Hash, root: string, path: string): void {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    for (const name of readdirSync(join(root, path)).sort()) add(hash, root, join(path, name));
  } else if (found?.isFile()) {
    hash.update(`${path}\0${found.size}\0`).update(readFileSync(join(root, path)));
  }
}
