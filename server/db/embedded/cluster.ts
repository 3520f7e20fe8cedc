import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BaseLogger } from 'pino';
import { canAccess, type Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError } from './error.ts';
import { readIfThere } from './read-if-there.ts';
import type { ServerLog } from './server-log.ts';
import { spawnWatched } from './watched-process.ts';

export interface Cluster {
  /** PostgreSQL's own data folder. */
  readonly path: string;
  readonly account: Account;
  readonly binaries: Binaries;
  readonly output: ServerLog;
  /** False skips all that makes data outlive a power cut. */
  readonly durable: boolean;
  readonly log: Pick<BaseLogger, 'info' | 'warn'>;
}

/**
 * Makes the database's files where there are none yet.
 *
 * @throws {EmbeddedPostgresError} where they are another major version's, cannot be reached, or cannot be made.
 */
export async function ensureCluster(cluster: Cluster): Promise<void> {
  const { path, binaries } = cluster;
  await removeDrafts(path);
  if (!existsSync(path)) {
    await initialise(cluster);
    return;
  }
  await refuseIfOutOfReach(cluster);
  const version = (await readIfThere(join(path, 'PG_VERSION')))?.trim();
  if (version === binaries.major) return;
  throw new EmbeddedPostgresError(
    version === undefined
      ? `${path} is not a PostgreSQL database. Move it away, or set TRIVIUM_DATA_DIR to another folder.`
      : `The database in ${path} was made by PostgreSQL ${version} and cannot be read by ${binaries.major}, which is ` +
          `embedded here. Dump it with PostgreSQL ${version} and move the folder away, or set DATABASE_URL to a server of ` +
          `version ${version}.`,
  );
}

/** Under a temporary name first, so that what has the final name is whole. */
async function initialise(cluster: Cluster): Promise<void> {
  const { path, account, binaries, output, durable, log } = cluster;
  const startedAt = performance.now();
  const draft = `${path}.initdb-${process.pid}`;
  await mkdir(draft, { mode: 0o700 });
  if (account) await chown(draft, account.uid, account.gid);
  await refuseIfOutOfReach({ ...cluster, path: draft });
  const locale = ['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const initdb = await spawnWatched({
    command: join(binaries.bin, 'initdb'),
    args: ['-D', draft, '-U', 'trivium', '-A', 'trust', ...locale, ...(durable ? [] : ['--no-sync'])],
    account,
    output: output.fd,
    signalOnNodeDeath: 'SIGKILL',
    log,
  });
  const { code, signal } = await initdb.exited;
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true });
    throw new EmbeddedPostgresError(
      `PostgreSQL's initdb could not make a database in ${path} (${signal ?? `exit code ${code ?? ''}`}). To do without it, ` +
        `set DATABASE_URL. It said:\n${await output.tail()}`,
    );
  }
  await rename(draft, path);
  log.info({ path, ms: Math.round(performance.now() - startedAt) }, 'database made');
}

async function removeDrafts(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${basename(path)}.initdb-`)) await rm(join(folder, name), { recursive: true });
  }
}

async function refuseIfOutOfReach({ path, account }: Cluster): Promise<void> {
  if (await canAccess(account, '-w', path)) return;
  const user = account ? `user ${account.uid}, as which root runs PostgreSQL` : 'this user';
  throw new EmbeddedPostgresError(
    `${path} cannot be written to, or a folder above it not entered, by ${user}. Set TRIVIUM_DATA_DIR to a folder where ` +
      'it can, or DATABASE_URL to use a PostgreSQL of your own.',
  );
}
