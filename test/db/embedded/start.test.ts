import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import pg from 'pg';
import { pino } from 'pino';
import t, { type Test } from '../../support/tap.ts';
import { startEmbeddedPostgres } from '../../../server/db/embedded/start.ts';
import { filledDataDir, temporaryFolder } from '../../support/postgres.ts';
import { areGone, postgresIn, until } from '../fixtures/processes.ts';

const log = pino({ level: 'silent' });

/** A data folder that does not exist yet, as on a fresh machine. */
async function freshDataDir(t: Test): Promise<string> {
  return join(await temporaryFolder(t), 'trivium');
}

async function start(t: Test, dataDir: string, durable = false) {
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable });
  t.teardown(() => postgres.stop());
  return postgres;
}

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The process id of the server that runs in a data folder. */
function postmasterIn(dataDir: string): number {
  const server = postgresIn(dataDir).find(({ pid, session }) => pid === session);
  if (!server) throw new Error(`no PostgreSQL runs in ${dataDir}`);
  return server.pid;
}

t.test('starts from nothing, stops, and starts again with its data', async (t) => {
  const dataDir = await freshDataDir(t);
  const coldAt = performance.now();
  const first = await start(t, dataDir, true);
  const coldMs = performance.now() - coldAt;
  await query(first.connectionString, 'CREATE TABLE kept AS SELECT 7 AS n');
  const running = postgresIn(dataDir);
  const stopAt = performance.now();
  await first.stop();
  const stopMs = performance.now() - stopAt;
  await until('was every process gone', () => areGone(running));
  t.notOk(existsSync(join(dataDir, 'socket')), 'its socket is removed');

  const warmAt = performance.now();
  const second = await start(t, dataDir, true);
  const warmMs = performance.now() - warmAt;
  t.strictSame(await query(second.connectionString, 'SELECT n FROM kept'), [{ n: 7 }]);
  t.comment(`cold ${coldMs.toFixed()} ms, warm ${warmMs.toFixed()} ms, stop ${stopMs.toFixed()} ms`);
});

t.test('is reached by its socket alone, in a folder closed to others', async (t) => {
  const dataDir = await freshDataDir(t);
  const { connectionString } = await start(t, dataDir);
  const settings = await query(
    connectionString,
    `SELECT current_setting('listen_addresses') AS addresses, current_setting('server_encoding') AS encoding,
       (SELECT datlocprovider FROM pg_database WHERE datname = current_database()) AS locales`,
  );
  t.strictSame(settings, [{ addresses: '', encoding: 'UTF8', locales: 'b' }]);
  const { mode } = await stat(join(dataDir, 'socket'));
  t.equal(mode & 0o777, 0o700);
});

t.test('never runs as root', async (t) => {
  const dataDir = await freshDataDir(t);
  await start(t, dataDir);
  const running = postgresIn(dataDir);
  t.ok(running.length > 3, 'a server, its children and a watchdog');
  t.strictSame(
    running.filter(({ uid }) => uid === 0),
    [],
  );
});

t.test('stopping twice is the same as once', async (t) => {
  const postgres = await start(t, await filledDataDir(t));
  await Promise.all([postgres.stop(), postgres.stop()]);
  await postgres.stop();
});

for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
  t.test(`starts again with its data when it has ended by itself: ${signal}`, async (t) => {
    const dataDir = await filledDataDir(t);
    const lines = new PassThrough();
    const log = pino({ level: 'info' }, lines);
    const told = createInterface(lines)[Symbol.asyncIterator]();
    const next = async (message: string): Promise<void> => {
      for (;;) {
        const { value: line } = (await told.next()) as { value: string };
        if ((JSON.parse(line) as { msg: string }).msg === message) return;
      }
    };
    const postgres = await startEmbeddedPostgres({ dataDir, log, durable: true });
    t.teardown(() => postgres.stop());
    await query(postgres.connectionString, 'CREATE TABLE kept AS SELECT 7 AS n');
    for (let times = 0; times < 2; times += 1) {
      process.kill(postmasterIn(dataDir), signal);
      await next('the embedded PostgreSQL has ended: it is started again');
      await next('database started again');
      t.strictSame(await query(postgres.connectionString, 'SELECT n FROM kept'), [{ n: 7 }]);
    }
    const running = postgresIn(dataDir);
    await postgres.stop();
    await until('was every process gone', () => areGone(running));
  });
}

t.test('stops while it waits to start again', async (t) => {
  const dataDir = await filledDataDir(t);
  const postgres = await start(t, dataDir);
  const running = postgresIn(dataDir);
  process.kill(postmasterIn(dataDir), 'SIGKILL');
  await until('was every process gone', () => areGone(running));
  await postgres.stop();
  t.strictSame(postgresIn(dataDir), []);
  await start(t, dataDir);
});

t.test('refuses a folder that a running server owns, and says what to do', async (t) => {
  const dataDir = await filledDataDir(t);
  const first = await start(t, dataDir);
  await t.rejects(startEmbeddedPostgres({ dataDir, log, durable: false }), {
    name: 'EmbeddedPostgresError',
    message: `Another Trivium server (process ${process.pid}) is using the database in ${dataDir}: stop it, or set TRIVIUM_DATA_DIR to another folder for this one, or DATABASE_URL to a PostgreSQL that both share.`,
  });
  t.strictSame(await query(first.connectionString, 'SELECT 1 AS n'), [{ n: 1 }], 'the first goes on');
});

for (const stale of ['999999999 1 0', '', `${process.pid} 1 of-another-boot`]) {
  t.test(`takes over from an owner that is gone: '${stale}'`, async (t) => {
    const dataDir = await filledDataDir(t);
    await writeFile(join(dataDir, 'owner'), stale);
    const both = await Promise.allSettled([start(t, dataDir), start(t, dataDir)]);
    const refused = both.find(({ status }) => status === 'rejected');
    t.match(refused, { reason: /Another Trivium server/ }, 'of two that start at once one is refused');
    t.ok(both.some(({ status }) => status === 'fulfilled'));
    t.strictSame(
      readdirSync(dataDir).sort(),
      ['owner', 'postgres', 'postgres.log', 'postgres.log.old', 'socket'],
      'nothing else is left in the folder',
    );
  });
}

t.test('gives the folder up when it cannot start', async (t) => {
  const dataDir = await filledDataDir(t);
  const settings = join(dataDir, 'postgres', 'postgresql.conf');
  const good = await readFile(settings, 'utf8');
  await writeFile(settings, `${good}\nshared_buffers = nonsense\n`);
  await t.rejects(
    start(t, dataDir),
    /PostgreSQL in .* ended \(exit code 1\)\.(.|\n)*invalid value for parameter "shared_buffers"/,
    'with the reason from its log',
  );
  await writeFile(settings, good);
  await start(t, dataDir);
});

t.test('refuses the files of another major version', async (t) => {
  const dataDir = await filledDataDir(t);
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
  await t.rejects(start(t, dataDir), /was made by PostgreSQL 17 and cannot be read by 18/);
});

t.test('refuses a folder with something else in it, and leaves that alone', async (t) => {
  const dataDir = await filledDataDir(t);
  await rm(join(dataDir, 'postgres', 'PG_VERSION'));
  const files = readdirSync(join(dataDir, 'postgres'));
  await t.rejects(start(t, dataDir), /is not a PostgreSQL database\. Move it away/);
  t.strictSame(readdirSync(join(dataDir, 'postgres')), files);
});

t.test('says what to do where the data folder is closed to it', async (t) => {
  const closed = join(await temporaryFolder(t), 'closed');
  await mkdir(closed, { mode: 0o500 });
  await t.rejects(start(t, join(closed, 'trivium')), {
    name: 'EmbeddedPostgresError',
    message: /Set TRIVIUM_DATA_DIR to a folder/,
  });
});

t.test('removes a pid file whose process id is another program’s by now', async (t) => {
  const dataDir = await filledDataDir(t);
  await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n${dataDir}/postgres\n`);
  await start(t, dataDir);
});

t.test('puts the socket in the temporary folder where its path would be too long', async (t) => {
  const dataDir = join(await freshDataDir(t), 'a-long-name'.repeat(9));
  const postgres = await start(t, dataDir);
  const folder = new URL(postgres.connectionString.replace('@/', '@host/')).searchParams.get('host') ?? '';
  t.notOk(folder.startsWith(dataDir));
  t.strictSame(await query(postgres.connectionString, 'SELECT 1 AS n'), [{ n: 1 }]);
  await postgres.stop();
  t.notOk(existsSync(folder), 'and removes it');
});

t.test('takes a folder with a quotation mark, a comma and a space', async (t) => {
  const dataDir = join(await freshDataDir(t), 'a "b", c%');
  const { connectionString } = await start(t, dataDir);
  t.strictSame(await query(connectionString, 'SELECT 1 AS n'), [{ n: 1 }]);
});
