import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { pino } from 'pino';
import type { Test } from 'tap';
import { startEmbeddedPostgres } from '../../server/db/embedded/start.ts';
import { createPool } from '../../server/db/pool.ts';
import { filledDataDir } from './postgres.ts';

/** A PostgreSQL of this test's own that can fall, and keeps what it has committed. */
export interface RestartableDatabase {
  /** Goes on after a restart. */
  readonly pool: Pool;
  readonly connectionString: string;
  /** Ends every process of it at once, in the middle of whatever they do. */
  crash(): Promise<void>;
  start(): Promise<void>;
}

export async function restartableDatabase(t: Pick<Test, 'teardown'>): Promise<RestartableDatabase> {
  const log = pino({ level: 'silent' });
  const dataDir = await filledDataDir(t);
  let postgres = await startEmbeddedPostgres({ dataDir, log });
  t.teardown(() => postgres.stop());
  const { connectionString } = postgres;
  const pool = createPool({ connectionString, log });
  t.teardown(() => pool.end());
  return {
    pool,
    connectionString,
    async crash() {
      const pid = Number.parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'));
      process.kill(pid, 'SIGQUIT');
      await postgres.stop();
    },
    async start() {
      postgres = await startEmbeddedPostgres({ dataDir, log });
      if (postgres.connectionString !== connectionString) throw new Error('It is at another address now.');
    },
  };
}
