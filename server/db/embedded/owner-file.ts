import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError, hasCode } from './error.ts';
import { readIfThere } from './read-if-there.ts';

/**
 * Makes this process the owner of a data folder, by a file that names it; one left by a process that is gone is replaced.
 *
 * @returns what gives the folder up again.
 * @throws {EmbeddedPostgresError} where a running server owns it.
 */
export async function claimDataDir(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, 'owner');
  const draft = join(dataDir, `owner.${randomUUID()}`);
  await writeFile(draft, `${await identityOf(process.pid)}`);
  try {
    while (!(await linked(draft, path))) await removeStale(path, dataDir);
  } finally {
    await rm(draft, { force: true });
  }
  return () => rm(path, { force: true });
}

/** Moved away before it is judged again: of two servers that find one stale file, the second could move the first's. */
async function removeStale(path: string, dataDir: string): Promise<void> {
  await refuseIfAlive(path, dataDir);
  const moved = `${path}.stale.${randomUUID()}`;
  try {
    await rename(path, moved);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  try {
    await refuseIfAlive(moved, dataDir);
  } catch (error) {
    await linked(moved, path);
    throw error;
  } finally {
    await rm(moved, { force: true });
  }
}

/** The id of the process that owns a data folder; undefined where none does that still runs. */
export function ownerOf(dataDir: string): Promise<number | undefined> {
  return livingOwner(join(dataDir, 'owner'));
}

async function livingOwner(path: string): Promise<number | undefined> {
  const owner = await readIfThere(path);
  const pid = Number.parseInt(owner ?? '', 10);
  return Number.isNaN(pid) || owner !== (await identityOf(pid)) ? undefined : pid;
}

async function refuseIfAlive(path: string, dataDir: string): Promise<void> {
  const pid = await livingOwner(path);
  if (pid === undefined) return;
  throw new EmbeddedPostgresError(
    `Another Trivium server (process ${pid}) is using the database in ${dataDir}: stop it, or set TRIVIUM_DATA_DIR to ` +
      'another folder for this one, or DATABASE_URL to a PostgreSQL that both share.',
  );
}

/**
 * Names a living process for good: its id alone would be used again, and after a reboot its start (in clock ticks) too.
 * A zombie is not living: it only waits for its parent to take notice.
 */
async function identityOf(pid: number): Promise<string | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const state = fields[0];
  const started = fields[19];
  if (started === undefined || state === 'Z' || state === 'X') return undefined;
  return `${pid} ${started} ${await readFile('/proc/sys/kernel/random/boot_id', 'utf8')}`;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}
