import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { EmbeddedPostgresError, hasCode } from './error.ts';

/** The user that PostgreSQL runs as; undefined is the one that this process runs as. */
export type Account = { readonly uid: number; readonly gid: number } | undefined;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Chooses the user to run PostgreSQL as, which refuses to run as root: whoever owns the database already, else
 * `postgres`, else `nobody`. Anyone but root runs it as oneself.
 *
 * @throws {EmbeddedPostgresError} for root on a machine that has neither user.
 */
export async function chooseAccount(database: string): Promise<Account> {
  if (!isRoot()) return undefined;
  const owner = await ownerOf(database);
  if (owner && owner.uid !== 0) return owner;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].map((name) => lines.find((line) => line[0] === name)).find(Boolean);
  if (user) return { uid: Number(user[2]), gid: Number(user[3]) };
  throw new EmbeddedPostgresError(
    'PostgreSQL does not run as root, and /etc/passwd has neither a user `postgres` nor `nobody` to run it as. ' +
      'Start Trivium as an ordinary user, or set DATABASE_URL.',
  );
}

async function ownerOf(path: string): Promise<Account> {
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Whether this account can execute a file or enter a folder (`-x`), or write to it (`-w`).
 *
 * @throws {EmbeddedPostgresError} where this process may not start another as that account.
 */
export async function canAccess(account: Account, mode: '-x' | '-w', path: string): Promise<boolean> {
  try {
    const script = ['-c', 'test "$1" "$2"', 'sh', mode, path];
    const shell = spawn('/bin/sh', script, { ...account, cwd: '/', stdio: 'ignore' });
    await once(shell, 'exit');
    return shell.exitCode === 0;
  } catch (cause) {
    const user = account ? `user ${account.uid}, as which PostgreSQL would run` : 'this user';
    throw new EmbeddedPostgresError(
      `Cannot start a process as ${user} (${String(cause)}). Start Trivium as an ordinary user, or set DATABASE_URL.`,
      { cause },
    );
  }
}
