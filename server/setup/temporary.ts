import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FORGOTTEN_MS = 24 * 60 * 60 * 1000;

/**
 * Runs `use` with a new folder `<parent>/<name>-…`, which is removed afterwards whatever happens. Those of the same
 * name that a killed process left there more than a day ago are removed as well.
 * @throws what `use` throws, and the error of `mkdir` when the parent cannot be written.
 */
export async function withTemporaryFolder<T>(
  parent: string,
  name: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  mkdirSync(parent, { recursive: true });
  for (const entry of readdirSync(parent)) {
    const path = join(parent, entry);
    if (entry.startsWith(`${name}-`) && isForgotten(path)) rmSync(path, { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(parent, `${name}-`));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isForgotten(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > FORGOTTEN_MS;
}
