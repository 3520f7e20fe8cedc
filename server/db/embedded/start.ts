import { join } from 'node:path';
import type { BaseLogger } from 'pino';
import { chooseAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { makeDataDir } from './data-dir.ts';
import { claimDataDir } from './owner-file.ts';
import { startPostmaster } from './postmaster.ts';
import { openServerLog } from './server-log.ts';
import { connectionStringOf, makeSocketFolder, removeSocketFolder } from './socket-folder.ts';
import type { WatchedProcess } from './watched-process.ts';

export interface EmbeddedPostgresOptions {
  /** The folder that holds the database and all that goes with it; made where there is none. */
  readonly dataDir: string;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** False, for tests, is quicker and loses data in a power cut. Default true. */
  readonly durable?: boolean;
}

export interface EmbeddedPostgres {
  /** By a Unix socket; good for pg and for psql. */
  readonly connectionString: string;
  /** Shuts the server down and gives the data folder up. Resolves when its process is gone. Idempotent. */
  stop(): Promise<void>;
}

/** After this, in ms, connections are cut without a checkpoint; the next start then replays the write-ahead log. */
const fastShutdownMs = 1_500;

/**
 * Starts a PostgreSQL of our own in a data folder, on a Unix socket that only this user and root can reach. It ends with
 * this process, however that ends.
 *
 * @throws {EmbeddedPostgresError} where another server owns the folder, or PostgreSQL cannot be made to run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, durable = true } = options;
  const startedAt = performance.now();
  const dataDir = await makeDataDir(options.dataDir);
  const path = join(dataDir, 'postgres');
  const release = await claimDataDir(dataDir);
  const giveUp = async () => {
    await removeSocketFolder(dataDir);
    await release();
  };
  try {
    const account = await chooseAccount(path);
    const binaries = await findBinaries(account);
    await using output = await openServerLog(join(dataDir, 'postgres.log'));
    const cluster = { path, account, binaries, output, durable, log };
    await ensureCluster(cluster);
    const socketFolder = await makeSocketFolder(dataDir, account);
    const postmaster = await startPostmaster(cluster, socketFolder);
    log.info(
      { dataDir, pid: postmaster.pid, ms: Math.round(performance.now() - startedAt) },
      'database started',
    );

    let stopping: Promise<void> | undefined;
    void postmaster.exited.then((exit) => {
      if (!stopping)
        log.error({ ...exit, see: output.path }, 'the embedded PostgreSQL has ended: restart the server');
    });
    return {
      connectionString: connectionStringOf(socketFolder),
      stop: () => (stopping ??= shutDown(postmaster).then(giveUp)),
    };
  } catch (error) {
    await giveUp();
    throw error;
  }
}

async function shutDown(postmaster: WatchedProcess): Promise<void> {
  postmaster.end();
  const timer = setTimeout(() => postmaster.kill('SIGQUIT'), fastShutdownMs);
  await postmaster.exited;
  clearTimeout(timer);
}
