import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Pool } from 'pg';
import { pino } from 'pino';
import t, { type Test } from '../support/tap.ts';
import { migrate } from '../../server/db/migrate.ts';
import { createPool } from '../../server/db/pool.ts';
import { projectRoot } from '../../server/root.ts';
import { read } from '../support/call-quality.ts';
import { Peer } from '../support/peer.ts';
import { execute, inDatabase, stoppableDatabase, temporaryFolder } from '../support/postgres.ts';
import { askingWith } from '../support/rest.ts';
import { testServer } from '../support/server.ts';
import { refusedUpgrade, tokenOf, tokenSettings } from '../support/tokens.ts';

/** The last migration of the version that the fixture is of. */
const BEFORE = '0009_video_bytes';

const log = pino({ level: 'silent' });

/** Every table, with how many rows it has and a digest of all that is in them. */
async function contentsOf(pool: Pool): Promise<Record<string, { rows: number; digest: string }>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations'
     ORDER BY relname`,
  );
  const contents: Record<string, { rows: number; digest: string }> = {};
  for (const { name } of tables) {
    const { rows } = await pool.query<{ rows: number; digest: string }>(
      `SELECT count(*)::int AS rows, md5(string_agg(to_jsonb(r)::text, ' ' ORDER BY to_jsonb(r)::text)) AS digest FROM ${name} r`,
    );
    contents[name] = rows[0] ?? { rows: 0, digest: '' };
  }
  return contents;
}

const migrationsOf = async (pool: Pool): Promise<string[]> =>
  (await pool.query<{ name: string }>('SELECT name FROM migrations ORDER BY id')).rows.map(
    ({ name }) => name,
  );

/** `npm run rollback`, compiled before: takes one migration back. */
async function rollback(t: Test, connectionString: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(projectRoot, 'dist/server/cli/main.js'), 'rollback'],
    { env: { ...process.env, DATABASE_URL: connectionString, TRIVIUM_DATA_DIR: await temporaryFolder(t) } },
  );
  return stdout;
}

t.test('a database that the version before has filled goes forward and back with its data', async (t) => {
  const { connectionString: url } = await stoppableDatabase(t);
  const files = (await readdir(join(projectRoot, 'migrations')))
    .map((name) => name.replace('.sql', ''))
    .sort();
  const later = files.slice(files.indexOf(BEFORE) + 1);
  t.ok(later.length > 0, 'there is something to migrate');

  const connectionString = inDatabase(url, 'filled');
  const connect = (name: string) =>
    createPool({ connectionString: inDatabase(url, name), log, statementTimeoutMs: 60_000 });
  await execute(url, 'CREATE DATABASE filled');
  await migrate({ connectionString, log, count: files.length - later.length });
  const filling = connect('filled');
  await filling.query(await readFile(join(projectRoot, 'test/db/fixtures/filled-0009.sql'), 'utf8'));
  t.same((await migrationsOf(filling)).at(-1), BEFORE);
  const before = await contentsOf(filling);
  for (const [table, { rows }] of Object.entries(before)) t.ok(rows > 0, `${table} has rows`);

  t.same(await migrate({ connectionString, log }), later);
  const forward = await contentsOf(filling);
  for (const [table, { rows }] of Object.entries(before))
    t.equal(forward[table]?.rows, rows, `${table} has kept them`);
  await filling.end();
  // What a server changes is to be seen apart from what migrations do.
  await execute(url, 'CREATE DATABASE used TEMPLATE filled');

  t.test('the server works with it', async (t) => {
    const used = inDatabase(url, 'used');
    const pool = connect('used');
    t.teardown(() => pool.end());
    const server = await testServer(
      t,
      { ...tokenSettings, NODE_ID: 'main' },
      {
        database: { pool, connectionString: used },
        faults: true,
      },
    );
    await server.revocations.refresh();
    const ask = await askingWith(server, {
      roomAdmin: true,
      roomList: true,
      statsRead: true,
      streamsWrite: true,
    });
    const { body } = await ask('GET', '/rooms?state=all');
    t.same((body['rooms'] as { name: string }[]).map(({ name }) => name).sort(), [
      'Zimmer 7 – außen',
      'old',
      'tea',
    ]);
    t.match((await ask('GET', '/rooms/tea/participants?state=all')).body['participants'], [
      { displayName: 'Бен', leaveReason: 'disconnected' },
      { displayName: 'Ada', userId: 'ada' },
    ]);
    t.match((await ask('GET', '/users/ada/streams')).body['streams'], [
      { label: 'Living room', origin: 'declared' },
    ]);
    t.equal(((await ask('GET', '/users/ada/streams/history')).body['streams'] as unknown[]).length, 4);
    t.match(await ask('PUT', '/users/ada/streams/00000000-0000-4000-8000-0000000000d3'), { status: 200 });
    t.match(await ask('GET', '/rooms/tea/summary'), { status: 200, body: { participants: Array } });
    t.match((await read(server, { from: Date.now() - 86_400_000, to: Date.now() })).body, {
      tea: { Ada: [{ videoRecvPacketLoss: 1 }, { videoRecvPacketLoss: 3 }] },
      'not ours': { '7': Array },
    });
    const revoked = await tokenOf('cleo');
    await pool.query(
      `UPDATE revocations SET revoked_at = now() + interval '1 second' WHERE user_id = 'cleo'`,
    );
    t.match(await server.app.inject('/api/startstream/7'), { statusCode: 200 });
    const restarted = await testServer(
      t,
      { ...tokenSettings, NODE_ID: 'second', SHARED_DATABASE: 'on' },
      {
        database: { pool, connectionString: used },
        faults: true,
      },
    );
    await restarted.revocations.refresh();
    t.match(await refusedUpgrade(restarted.url, revoked), { status: 401 });
    t.ok(await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ada') }), 'a new call');
    t.match(await ask('DELETE', '/users/ada/history'), {
      status: 200,
      body: { erased: { participants: 3 } },
    });
  });

  t.test('and goes back when it has been used', async (t) => {
    const undone = await migrate({
      connectionString: inDatabase(url, 'used'),
      log,
      direction: 'down',
      count: later.length,
    });
    t.same(undone, later.toReversed());
  });

  t.test('back, step by step, it is what it was', async (t) => {
    for (const name of later.toReversed())
      t.equal(await rollback(t, connectionString), `Taken back: ${name}.\n`);
    const pool = connect('filled');
    t.teardown(() => pool.end());
    t.same((await migrationsOf(pool)).at(-1), BEFORE);
    t.same(await contentsOf(pool), before);
  });
});
