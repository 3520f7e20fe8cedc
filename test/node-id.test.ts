import t, { type Test } from './support/tap.ts';
import { until } from './support/browser.ts';
import { cutLockSessions, lockSessions } from './support/locks.ts';
import { Peer } from './support/peer.ts';
import { testDatabase, type TestDatabase } from './support/postgres.ts';
import { testServer } from './support/server.ts';
import { ServerProcess } from './support/server-process.ts';
import { publisher } from './support/watching.ts';

/** The last line that a server has logged. */
const lastWords = ({ stdout }: ServerProcess) => JSON.parse(stdout.at(-1) ?? '{}') as Record<string, unknown>;

const slotsHeld = async ({ pool }: TestDatabase) =>
  (await pool.query('SELECT FROM slots WHERE stream_id IS NOT NULL')).rowCount;

const openCalls = async ({ pool }: TestDatabase) =>
  (await pool.query(`SELECT FROM room_sessions WHERE ended_at IS NULL`)).rowCount;

/** A server with a call in which somebody watches a video. */
async function withCall(t: Test, url: string): Promise<Peer> {
  const viewer = await Peer.inRoom(t, url, 'tea');
  await viewer.request('consume', { producerId: await publisher(t, url, 'tea') });
  return viewer;
}

t.test(
  'a second server with the NODE_ID of one that is alive does not start, and changes nothing',
  async (t) => {
    const database = await testDatabase(t);
    const own = { DATABASE_URL: database.connectionString };
    const first = await ServerProcess.spawn(t, own);
    const viewer = await withCall(t, await first.ready());
    const settings = ['off', 'on'].map((SHARED_DATABASE) => ({ ...own, SHARED_DATABASE }));
    for (const second of await Promise.all(settings.map((each) => ServerProcess.spawn(t, each)))) {
      t.same(await second.exited, { code: 1, signal: null });
      t.match(lastWords(second), {
        level: 'fatal',
        msg: /^Another server runs with NODE_ID=main on this database, since 20[-\d]+T[:.\d]+Z\. Stop that one; or give each.* SHARED_DATABASE=on/,
      });
      t.equal(second.stderr, '');
      t.same(await second.gone(), []);
    }
    t.equal(await slotsHeld(database), 1);
    t.equal(await openCalls(database), 1);
    await viewer.request('leave', {});
    await until(
      'the first one goes on as it was',
      () => slotsHeld(database),
      (held) => held === 0,
    );
  },
);

t.test('one that was killed is started again at once, and frees what it held', async (t) => {
  const database = await testDatabase(t);
  const own = { DATABASE_URL: database.connectionString };
  const first = await ServerProcess.spawn(t, own);
  await withCall(t, await first.ready());
  t.equal(await slotsHeld(database), 1);
  first.child.kill('SIGKILL');
  const next = await ServerProcess.spawn(t, own);
  await next.ready();
  t.equal(await slotsHeld(database), 0);
  t.equal(await openCalls(database), 0);
});

t.test('a second server with another NODE_ID starts only with SHARED_DATABASE=on, which warns', async (t) => {
  const database = await testDatabase(t);
  const own = { DATABASE_URL: database.connectionString, NODE_ID: 'other' };
  const first = await testServer(t, {}, { database });
  const refused = await ServerProcess.spawn(t, own);
  t.same(await refused.exited, { code: 1, signal: null });
  t.match(lastWords(refused), {
    level: 'fatal',
    msg: /^Another server uses this database \(NODE_ID=main since 20\S+Z\)\. .*SHARED_DATABASE=on.*docs\/DEPLOY\.md/,
  });
  const { rows } = await database.pool.query('SELECT id FROM nodes');
  t.same(rows, [{ id: 'main' }]);

  const second = await ServerProcess.spawn(t, { ...own, SHARED_DATABASE: 'on' });
  await second.ready();
  t.ok(second.stdout.some((line) => /"warn".*SHARED_DATABASE=on: .*do not see each other/.test(line)));
  await Peer.inRoom(t, first.url, 'tea');
  t.pass('the first one goes on');
});

t.test('one whose NODE_ID another server has got meanwhile stops, and says why', async (t) => {
  const database = await testDatabase(t);
  const own = { DATABASE_URL: database.connectionString };
  const first = await ServerProcess.spawn(t, own);
  await withCall(t, await first.ready());
  const second = await ServerProcess.spawn(t, own);
  await until(
    'the second one waits',
    () => lockSessions(database.pool, false),
    (pids) => pids.length === 1,
  );
  await cutLockSessions(database.pool);
  await second.ready();
  t.same(await first.exited, { code: 1, signal: null });
  t.ok(first.stdout.some((line) => /"fatal".*Another server has started with NODE_ID=main/.test(line)));
  t.same(await first.gone(), []);
  t.equal(await slotsHeld(database), 0);
  await withCall(t, await second.ready());
  t.equal(await slotsHeld(database), 1, 'the second one goes on');
});
