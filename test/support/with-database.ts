import { spawn } from 'node:child_process';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../server/db/embedded/start.ts';
import { migrate } from '../../server/db/migrate.ts';
import { execute, inDatabase, temporaryFolder } from './postgres.ts';

/**
 * Runs a command with a PostgreSQL for its tests: the one of TEST_DATABASE_URL, or one of its own, which is gone after. In it
 * is a database with our schema, of which each test file makes its copy: that is quicker than to start a server for each.
 * With TEST_DATABASE_EXTENSION that extension is in it before the schema.
 */
const [command = '', ...args] = process.argv.slice(2);
const undo: (() => unknown)[] = [];
const log = pino({ level: 'silent' });
try {
  const url = process.env['TEST_DATABASE_URL'] ?? (await ownServer());
  const template = await makeTemplate(url);
  process.exitCode = await run({ ...process.env, TEST_TEMPLATE_URL: template });
} finally {
  for (const step of undo.reverse()) await step();
}

async function ownServer(): Promise<string> {
  const dataDir = await temporaryFolder({ teardown: (step: () => unknown) => undo.push(step) });
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false });
  undo.push(() => postgres.stop());
  return postgres.connectionString;
}

async function makeTemplate(url: string): Promise<string> {
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

function run(env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  // Ctrl-C reaches the command, too: wait for its end.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
