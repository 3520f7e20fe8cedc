import { readFile } from 'node:fs/promises';
import { hasCode } from './error.ts';

/** A file's text; undefined where there is no such file, or it is of a process that is gone. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}
