import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { BaseLogger } from 'pino';
import { projectRoot } from '../root.ts';

export interface MigrateOptions {
  readonly connectionString: string;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** Default up. */
  readonly direction?: 'up' | 'down';
  /** How many migrations at most. Default: up, all; down, one. */
  readonly count?: number;
  /** Where the SQL files are. Default: the project's own. */
  readonly folder?: string;
}

/**
 * Brings the schema up to date, or back, in one transaction. A second server that starts at the same time waits for the
 * first by an advisory lock, and then finds nothing to do. No statement timeout applies.
 *
 * @returns the names of the migrations that were run.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const {
    connectionString,
    log,
    direction = 'up',
    count,
    folder = join(projectRoot, 'migrations'),
  } = options;
  const client = new pg.Client({
    connectionString,
    application_name: 'trivium-migrate',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', (error) => log.warn({ err: error }, 'the connection for migrations broke'));
  await client.connect();
  try {
    await client.query('SET statement_timeout = 0');
    const run = await runner({
      dbClient: client,
      dir: folder,
      migrationsTable: 'migrations',
      direction,
      ...(count === undefined ? {} : { count }),
      singleTransaction: true,
      advisoryLockMode: 'wait',
      logger: {
        info: () => undefined,
        warn: (message) => log.warn(message),
        error: (message) => log.error(message),
      },
    });
    for (const { name } of run) log.info({ migration: name, direction }, 'migration run');
    return run.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
