import { join } from 'node:path';
import type { BaseLogger } from 'pino';
import { chooseAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { makeDataDir } from './data-dir.ts';
import { claimDataDir } from './owner-file.ts';
import { endOrphan, startPostmaster } from './postmaster.ts';
import { openServerLog } from './server-log.ts';
import { connectionStringOf, makeSocketFolder, removeSocketFolder } from './socket-folder.ts';
import { Supervisor } from './supervisor.ts';

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

/**
 * Starts a PostgreSQL of our own in a data folder, on a Unix socket that only this user and root can reach. It ends with
 * this process, however that ends, and is started again when it ends by itself.
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
    const openLog = () => openServerLog(join(dataDir, 'postgres.log'));
    await using output = await openLog();
    const cluster = { path, account, binaries, output, durable, log };
    await ensureCluster(cluster);
    const socketFolder = await makeSocketFolder(dataDir, account);
    await endOrphan(path);
    const postmaster = await startPostmaster(cluster, socketFolder);
    log.info(
      { dataDir, pid: postmaster.pid, ms: Math.round(performance.now() - startedAt) },
      'database started',
    );

    const supervisor = new Supervisor(postmaster, {
      restart: async () => {
        await using output = await openLog();
        return await startPostmaster({ ...cluster, output }, socketFolder);
      },
      log,
    });
    let stopping: Promise<void> | undefined;
    return {
      connectionString: connectionStringOf(socketFolder),
      stop: () => (stopping ??= supervisor.stop().then(giveUp)),
    };
  } catch (error) {
    await giveUp();
    throw error;
  }
}
