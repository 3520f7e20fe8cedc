import { pino } from 'pino';
import type { Test } from 'tap';
import { startEmbeddedPostgres } from '../../server/db/embedded/start.ts';
import { migrate } from '../../server/db/migrate.ts';
import { execute, filledDataDir, inDatabase, temporaryFolder } from './postgres.ts';

const log = pino({ level: 'silent' });

/**
 * Does something with a PostgreSQL for tests: the one of TEST_DATABASE_URL, or one of its own, which is gone after. In it is a
 * database with our schema, of which each test file makes its copy: that is quicker than to start a server for each.
 * Beside it, a data folder for servers with a database of their own. With TEST_DATABASE_EXTENSION that extension is in it before the schema.
 *
 * @param work Is given the connection string of the database to be copied.
 */
export async function withTestDatabase<T>(work: (template: string) => Promise<T>): Promise<T> {
  const undo: (() => unknown)[] = [];
  const t = { teardown: (step: () => unknown) => void undo.push(step) };
  try {
    await fillDataDir(t);
    const url = process.env['TEST_DATABASE_URL'] ?? (await ownServer(t));
    return await work(await makeTemplate(url, undo));
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** Makes the data folder of which `filledDataDir` gives copies. */
async function fillDataDir(t: Pick<Test, 'teardown'>): Promise<void> {
  const dataDir = await temporaryFolder(t);
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false });
  await migrate({ connectionString: postgres.connectionString, log }).finally(() => postgres.stop());
  process.env['TEST_DATA_DIR'] = dataDir;
}

async function ownServer(t: Pick<Test, 'teardown'>): Promise<string> {
  const dataDir = await filledDataDir(t);
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false });
  t.teardown(() => postgres.stop());
  return postgres.connectionString;
}

async function makeTemplate(url: string, undo: (() => unknown)[]): Promise<string> {
  const name = `trivium_template_${process.pid}`;
  await execute(url, `CREATE DATABASE ${name}`);
  undo.push(() => execute(url, `DROP DATABASE ${name} WITH (FORCE)`));
  const template = inDatabase(url, name);
  const extension = process.env['TEST_DATABASE_EXTENSION'];
  if (extension) await execute(template, `CREATE EXTENSION IF NOT EXISTS ${extension}`);
  await migrate({ connectionString: template, log });
  // Nobody may be in a database that is copied, and an extension may have workers in it.
  await execute(url, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  await execute(url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  return template;
}
