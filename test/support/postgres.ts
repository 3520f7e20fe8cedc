import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { pino } from 'pino';
import type { Test } from 'tap';
import { startEmbeddedPostgres } from '../../server/db/embedded/start.ts';
import { migrate } from '../../server/db/migrate.ts';
import { createPool } from '../../server/db/pool.ts';

export interface TestDatabase {
  readonly pool: Pool;
  readonly connectionString: string;
  /** Takes the database away before the test ends, to see what then happens. Idempotent. */
  stop(): Promise<void>;
}

/** A PostgreSQL of this test's own, migrated and empty, which is gone with its files when the test ends. */
export async function testDatabase(t: Pick<Test, 'teardown'>): Promise<TestDatabase> {
  const log = pino({ level: 'silent' });
  const dataDir = await temporaryFolder(t);
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false });
  t.teardown(() => postgres.stop());
  const { connectionString } = postgres;
  await migrate({ connectionString, log });
  const pool = createPool({ connectionString, log });
  t.teardown(() => pool.end());
  return { pool, connectionString, stop: () => postgres.stop() };
}

/** A new folder that is removed when the test ends, and that others than root can enter. */
export async function temporaryFolder(t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
}
