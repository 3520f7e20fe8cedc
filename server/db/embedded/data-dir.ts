import { access, chmod, constants, mkdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isRoot } from './account.ts';
import { EmbeddedPostgresError } from './error.ts';

/** The folder for what the server keeps, unless TRIVIUM_DATA_DIR names another. */
export function defaultDataDir(environment: NodeJS.ProcessEnv): string {
  if (isRoot()) return '/var/lib/trivium';
  return join(environment.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'trivium');
}

/**
 * Makes the data folder if there is none and gives its real path. Root's can be entered by others, since PostgreSQL
 * runs as another user there; what is secret in it has its own mode.
 *
 * @throws {EmbeddedPostgresError} where this user cannot make it or not write to it.
 */
export async function makeDataDir(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  try {
    const made = await mkdir(path, { recursive: true });
    if (made !== undefined) await chmod(path, isRoot() ? 0o755 : 0o700);
    await access(path, constants.W_OK | constants.X_OK);
    return await realpath(path);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `Cannot make the data folder ${path} or write to it (${String(cause)}). Set TRIVIUM_DATA_DIR to a folder that this user may write, ` +
        'or DATABASE_URL to use a PostgreSQL of your own.',
      { cause },
    );
  }
}
