import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg, { type Pool } from 'pg';
import { pino } from 'pino';
import type { Test } from 'tap';
import { startEmbeddedPostgres } from '../../server/db/embedded/start.ts';
import { createPool } from '../../server/db/pool.ts';

export interface TestDatabase {
  readonly pool: Pool;
  readonly connectionString: string;
}

const log = pino({ level: 'silent' });

/** A database of this test's own, migrated and empty, which is gone when the test ends. */
export async function testDatabase(t: Pick<Test, 'teardown'>): Promise<TestDatabase> {
  const template = process.env['TEST_TEMPLATE_URL'];
  if (!template) throw new Error('There is no database for tests: run them by `npm test -- <file>`.');
  const name = `trivium_test_${randomUUID().replaceAll('-', '_')}`;
  const maintenance = inDatabase(template, 'postgres');
  await execute(maintenance, `CREATE DATABASE ${name} TEMPLATE ${nameOf(template)}`);
  t.teardown(() => execute(maintenance, `DROP DATABASE ${name} WITH (FORCE)`));
  const connectionString = inDatabase(template, name);
  // On a busy machine much at once takes longer than a server waits.
  const pool = createPool({ connectionString, log, connectTimeoutMs: 20_000, statementTimeoutMs: 20_000 });
  t.teardown(() => pool.end());
  return { pool, connectionString };
}

/** The same on a PostgreSQL of its own, to take that away. */
export async function stoppableDatabase(
  t: Pick<Test, 'teardown'>,
): Promise<TestDatabase & { stop(): Promise<void> }> {
  const dataDir = await filledDataDir(t);
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false });
  t.teardown(() => postgres.stop());
  const { connectionString } = postgres;
  const pool = createPool({ connectionString, log });
  t.teardown(() => pool.end());
  return { pool, connectionString, stop: () => postgres.stop() };
}

/** Another database of the same server. */
export const inDatabase = (connectionString: string, name: string): string =>
  connectionString.replace(/^(\w+:\/\/[^/]*\/)[^?]*/, `$1${name}`);

const nameOf = (connectionString: string) => /^\w+:\/\/[^/]*\/([^?]*)/.exec(connectionString)?.[1] ?? '';

/** Runs one statement. */
export async function execute(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A new folder that is removed when the test ends, and that others than root can enter. */
export async function temporaryFolder(t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
}

/**
 * A new data folder in which there is a migrated, empty database already, as after a first start. It is a copy: to make one from
 * nothing takes initdb two seconds of a processor.
 */
export async function filledDataDir(t: Pick<Test, 'teardown'>): Promise<string> {
  const filled = process.env['TEST_DATA_DIR'];
  if (!filled) throw new Error('There is no database for tests: run them by `npm test -- <file>`.');
  const folder = await temporaryFolder(t);
  await promisify(execFile)('cp', ['-a', `${filled}/.`, folder]);
  return folder;
}
