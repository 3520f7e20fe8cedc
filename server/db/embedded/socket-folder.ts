import { chown, lstat, mkdir, mkdtemp, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from './account.ts';
import { EmbeddedPostgresError, hasCode } from './error.ts';

/** The kernel's limit on a socket's path, in bytes. */
const longestSocketPath = 107;

/**
 * Makes an empty folder for the server's socket that nobody else can enter: in the data folder, or, where that path would
 * be too long for a socket, in the temporary one with a link to it. What a former run left is removed.
 *
 * @throws {EmbeddedPostgresError} where the temporary folder's path is too long as well.
 */
export async function makeSocketFolder(dataDir: string, account: Account): Promise<string> {
  const path = join(dataDir, 'socket');
  await removeSocketFolder(dataDir);
  const folder = fits(path) ? path : await mkdtemp(join(tmpdir(), 'trivium-'));
  if (folder === path) await mkdir(path, { mode: 0o700 });
  else await symlink(folder, path);
  if (!fits(folder)) {
    throw new EmbeddedPostgresError(
      `The path of a socket in ${dataDir} and in ${tmpdir()} would be longer than ${longestSocketPath} bytes. ` +
        'Set TRIVIUM_DATA_DIR to a folder with a shorter path.',
    );
  }
  if (account) await chown(folder, account.uid, account.gid);
  return folder;
}

/** Removes the folder of the server's socket, wherever it was made. */
export async function removeSocketFolder(dataDir: string): Promise<void> {
  const path = join(dataDir, 'socket');
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) await rm(await readlink(path), { recursive: true, force: true });
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  await rm(path, { recursive: true, force: true });
}

/** Where the server is reached by its socket. */
export function connectionStringOf(socketFolder: string): string {
  return `postgresql://trivium@/postgres?host=${encodeURIComponent(socketFolder)}`;
}

/** The folder of a running server's socket. */
export function findSocketFolder(dataDir: string): Promise<string> {
  return realpath(join(dataDir, 'socket'));
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, '.s.PGSQL.5432')) <= longestSocketPath;
}
