import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { migrate } from '../../server/db/migrate.ts';
import { projectRoot } from '../../server/root.ts';
import { postgresIn, until } from '../db/fixtures/processes.ts';
import { temporaryFolder, testDatabase } from '../support/postgres.ts';
import { ServerProcess } from '../support/server-process.ts';

interface Done {
  code: number | null;
  stdout: string;
  stderr: string;
}

const log = pino({ level: 'silent' });

/** Runs one command to its end, compiled by `npm test` before, as `npm run` does. */
function trivium(command: string, own: Record<string, string>): Promise<Done> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--enable-source-maps', join(projectRoot, 'dist/server/cli/main.js'), ...command.split(' ')],
      { env: { ...process.env, ...own } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** What the older service's paths answer. */
async function ask(url: string, path: string) {
  const answer = await fetch(`${url}/api/${path}`);
  return { status: answer.status, body: (await answer.json()) as unknown };
}

const started = (isNewStreamAllowed: boolean, streamCount: number) => ({
  status: 200,
  body: { streamStatus: { isNewStreamAllowed, streamCount } },
});
const refused = (msg: string) => ({ status: 400, body: { msg } });

t.test('seed gives a running server its test data, and again the same', async (t) => {
  const server = await ServerProcess.spawn(t);
  const url = await server.ready();
  t.same(await ask(url, 'endstream/5'), refused('user_id not present in the database'));
  for (const time of ['once', 'twice']) {
    t.match(await trivium('seed', { TRIVIUM_DATA_DIR: server.dataDir }), {
      code: 0,
      stdout: 'Streams of the older service: user 1 has 1, user 2 has 2, user 3 has 3, user 5 has 0.\n',
      stderr: '',
    });
    t.same(await ask(url, 'endstream/5'), refused('no active streams to close for user'), time);
    t.same(await ask(url, 'startstream/1'), started(true, 2), time);
    t.same(await ask(url, 'startstream/2'), started(true, 3), time);
    t.same(await ask(url, 'startstream/3'), started(false, 3), time);
    t.same(await ask(url, 'startstream/5'), started(true, 1), time);
  }
  t.equal(server.child.exitCode, null, 'the server runs on');

  await fetch(`${url}/api/endstream/3`);
  await fetch(`${url}/api/v1/users/3/streams`, { method: 'POST' });
  const third = await trivium('seed', { TRIVIUM_DATA_DIR: server.dataDir });
  t.match(third, { code: 1, stderr: /^User 3 cannot have 3 streams: 2 could be started/ });
});

t.test('a command that comes while the server starts waits for its database', async (t) => {
  const server = await ServerProcess.spawn(t);
  await until('is it starting', () => existsSync(join(server.dataDir, 'owner')));
  t.match(await trivium('seed', { TRIVIUM_DATA_DIR: server.dataDir }), { code: 0, stderr: '' });
  t.same(await ask(await server.ready(), 'startstream/3'), started(false, 3));
});

t.test('without a server, they start its database and stop it again', async (t) => {
  const TRIVIUM_DATA_DIR = join(await temporaryFolder(t), 'trivium');
  const run = (command: string) => trivium(command, { TRIVIUM_DATA_DIR });
  const all = await run('migrate');
  t.match(all, { code: 0, stdout: /^Run: 0001_calls, .*\d{4}_\w+\.\n$/, stderr: '' });
  t.match(await run('migrate'), { code: 0, stdout: /^Nothing to run/ });
  const last = /(\w+)\.\n$/.exec(all.stdout)?.[1] ?? '';
  t.match(await run('rollback'), { code: 0, stdout: `Taken back: ${last}.\n`, stderr: '' });
  t.match(await run('migrate'), { code: 0, stdout: `Run: ${last}.\n` });
  t.match(await run('rollback'), { code: 0 });
  t.match(await run('seed'), { code: 0 }, 'brings the schema up to date first');
  t.same(postgresIn(TRIVIUM_DATA_DIR), [], 'nothing is left running');

  const server = await ServerProcess.spawn(t, { TRIVIUM_DATA_DIR });
  t.same(await ask(await server.ready(), 'startstream/2'), started(true, 3));
});

t.test('with DATABASE_URL, they work on that database', async (t) => {
  const { connectionString, pool } = await testDatabase(t);
  const TRIVIUM_DATA_DIR = join(await temporaryFolder(t), 'trivium');
  const run = (command: string) => trivium(command, { DATABASE_URL: connectionString, TRIVIUM_DATA_DIR });
  const names = async () => (await pool.query('SELECT name FROM migrations ORDER BY id')).rows as unknown[];
  const before = await names();
  t.match(await run('rollback'), { code: 0 });
  t.same(await names(), before.slice(0, -1));
  t.match(await run('migrate'), { code: 0 });
  t.same(await names(), before);
  t.match(await run('seed'), { code: 0 });
  const { rows } = await pool.query(
    'SELECT user_id, count(stream_id)::int FROM slots GROUP BY user_id ORDER BY user_id',
  );
  t.same(rows, [
    { user_id: '1', count: 1 },
    { user_id: '2', count: 2 },
    { user_id: '3', count: 3 },
    { user_id: '5', count: 0 },
  ]);
  t.notOk(existsSync(TRIVIUM_DATA_DIR), 'and make no other');
});

t.test('rollback takes nothing back under a server that runs', async (t) => {
  const server = await ServerProcess.spawn(t);
  const url = await server.ready();
  t.match(await trivium('rollback', { TRIVIUM_DATA_DIR: server.dataDir }), {
    code: 1,
    stdout: '',
    stderr:
      /^A server uses this database \(NODE_ID=main since 20\S+Z\)\. .*stop it first. Nothing was taken back\.\n$/,
  });
  t.equal((await fetch(`${url}/readyz`)).status, 200);
});

t.test('rollback, again and again, ends with nothing to take back', async (t) => {
  const { connectionString, pool } = await testDatabase(t);
  const { rowCount } = await pool.query('SELECT FROM migrations');
  for (let left = rowCount ?? 0; left > 0; left -= 1) {
    t.equal((await migrate({ connectionString, log, direction: 'down' })).length, 1);
  }
  t.match(await trivium('rollback', { DATABASE_URL: connectionString }), {
    code: 0,
    stdout: 'There is no migration to take back.\n',
  });
});

t.test('what they cannot do is one clear sentence and exit code 1', async (t) => {
  const TRIVIUM_DATA_DIR = join(await temporaryFolder(t), 'trivium');
  t.match(await trivium('seed', { TRIVIUM_DATA_DIR, NODE_ENV: 'production' }), {
    code: 1,
    stdout: '',
    stderr: /^Test data is not for production[^\n]*\n$/,
  });
  const DATABASE_URL = 'postgres://u@127.0.0.1:1/d';
  for (const command of ['migrate', 'rollback', 'seed']) {
    t.match(await trivium(command, { TRIVIUM_DATA_DIR, DATABASE_URL }), {
      code: 1,
      stdout: '',
      stderr: /^The PostgreSQL of DATABASE_URL cannot be used[^\n]*ECONNREFUSED[^\n]*\n$/,
    });
  }
  for (const command of ['rollback --help', 'migrate 0001_calls']) {
    t.match(await trivium(command, { TRIVIUM_DATA_DIR }), { code: 1, stderr: /takes no arguments/ }, command);
  }
  t.match(await trivium('migrate', { TRIVIUM_DATA_DIR, PORT: 'abc' }), {
    code: 1,
    stderr: /^PORT="abc" must/,
  });
  t.notOk(existsSync(TRIVIUM_DATA_DIR), 'nothing was made');
});
