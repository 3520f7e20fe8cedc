import { randomUUID } from 'node:crypto';
import t, { type Test } from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';
import { both, counts, publisher } from '../support/watching.ts';

/** The server's own default, in ms, and how long before its end videos are given up. */
const LEASE = 15_000;
const MARGIN = 3_000;

/** The way to the ledger. */
interface Link {
  cut: boolean;
  /** The method that never answers, and what is called when it is asked. */
  slow: string | undefined;
  reached: () => void;
}

/** A server among others on one database, whose way there can be cut, and whose clock can be moved. */
async function server(t: Test, database: TestDatabase) {
  const link: Link = { cut: false, slow: undefined, reached: () => undefined };
  const clock = new TestClock();
  const running = await testServer(
    t,
    {
      NODE_ID: randomUUID(),
      SHARED_DATABASE: 'on',
      SLOT_LEASE_MS: String(LEASE),
      DECLARED_LEASE_MS: String(LEASE),
    },
    {
      database,
      clock,
      faults: true,
      wrapLedger: (real) =>
        Object.fromEntries(
          Object.entries(real).map(([name, method]) => [
            name,
            (...args: unknown[]) =>
              link.cut
                ? Promise.reject(new Error('Connection terminated unexpectedly'))
                : link.slow === name
                  ? new Promise(() => link.reached())
                  : (method as (...all: unknown[]) => unknown).apply(real, args),
          ]),
        ) as unknown as typeof real,
    },
  );
  t.teardown(() => running.leases.stop());
  return { ...running, link, clock };
}

/** The database's clock goes on until every lease has run out. */
const runOut = ({ pool }: TestDatabase) =>
  pool.query(`UPDATE slots SET lease_until = now() - interval '1 second' WHERE stream_id IS NOT NULL`);

const heldBy = async (database: TestDatabase, userId: string) =>
  (await database.pool.query('SELECT FROM slots WHERE user_id = $1 AND stream_id IS NOT NULL', [userId]))
    .rowCount;

t.test('a server that cannot renew gives its videos up before another may take their slots', async (t) => {
  const database = await testDatabase(t);
  const [cut, other] = [await server(t, database), await server(t, database)];
  const viewer = await Peer.inRoom(t, cut.url, 'tea');
  const { id } = await viewer.request('consume', { producerId: await publisher(t, cut.url, 'tea') });
  await other.leases.round();
  await cut.leases.round();
  cut.link.cut = true;
  cut.clock.advance(LEASE - MARGIN);

  t.match(await viewer.next('consumerClosed'), { consumerId: id, reason: 'swept' });
  const { rows } = await database.pool.query(
    'SELECT lease_until > now() AS ours FROM slots WHERE stream_id IS NOT NULL',
  );
  t.same(rows, [{ ours: true }], 'the slot is still its own then');
  t.equal((await cut.workers.forwarded()).size, 0);

  await runOut(database);
  other.clock.advance(LEASE);
  await other.leases.round();
  t.equal(
    await heldBy(database, viewer.hello.userId),
    0,
    'the other one frees it when its lease has run out',
  );
  const { rows: ends } = await database.pool.query('SELECT end_reason FROM streams');
  t.same(ends, [{ end_reason: 'server_crashed' }]);
});

t.test('a sole server keeps its videos while the ledger is away', async (t) => {
  const database = await testDatabase(t);
  const alone = await server(t, database);
  const viewer = await Peer.inRoom(t, alone.url, 'tea');
  await viewer.request('consume', { producerId: await publisher(t, alone.url, 'tea') });
  await alone.leases.round();
  alone.link.cut = true;
  await runOut(database);
  alone.clock.advance(LEASE * 1.2);
  await t.rejects(alone.leases.round());
  t.equal((await alone.workers.forwarded()).size, 1);
  alone.link.cut = false;
  await alone.leases.round();
  t.same(await counts(alone), both(1), 'and its slots');
});

t.test(
  'nobody’s lease counts as expired before one has reached the ledger for as long oneself',
  async (t) => {
    const database = await testDatabase(t);
    const [lost, fresh] = [await server(t, database), await server(t, database)];
    const viewer = await Peer.inRoom(t, lost.url, 'tea');
    await viewer.request('consume', { producerId: await publisher(t, lost.url, 'tea') });
    await runOut(database);
    await fresh.leases.round();
    t.equal(await heldBy(database, viewer.hello.userId), 1, 'it may be this one that was away');
    fresh.link.cut = true;
    await t.rejects(fresh.leases.round());
    fresh.link.cut = false;
    fresh.clock.advance(LEASE);
    await fresh.leases.round();
    t.equal(await heldBy(database, viewer.hello.userId), 1, 'a break begins the time anew');
    fresh.clock.advance(LEASE);
    await fresh.leases.round();
    t.equal(await heldBy(database, viewer.hello.userId), 0);
  },
);

t.test('what is tidied up for longer than a lease takes nobody’s video', async (t) => {
  const database = await testDatabase(t);
  const [slow, other] = [await server(t, database), await server(t, database)];
  const viewer = await Peer.inRoom(t, slow.url, 'tea');
  await viewer.request('consume', { producerId: await publisher(t, slow.url, 'tea') });
  await other.leases.round();
  slow.link.slow = 'sweepOrphans';
  await new Promise<void>((resolve) => {
    slow.link.reached = resolve;
    void slow.leases.round();
  });
  for (let round = 0; round < 3; round += 1) {
    slow.clock.advance(LEASE / 3);
    await slow.leases.round();
  }
  t.equal((await slow.workers.forwarded()).size, 1);
});

t.test(
  'a process that stood still ends what has lost its slot before it forwards anything else',
  async (t) => {
    const database = await testDatabase(t);
    const still = await server(t, database);
    const cameras = await Promise.all([1, 2, 3, 4].map(() => publisher(t, still.url, 'tea')));
    const viewer = await Peer.inRoom(t, still.url, 'tea');
    const [lost, ...kept] = cameras;
    const { id, streamId } = await viewer.request('consume', { producerId: lost ?? '' });
    await viewer.request('consume', { producerId: kept[0] ?? '' });
    await viewer.request('consume', { producerId: kept[1] ?? '' });
    await database.pool.query('UPDATE slots SET stream_id = NULL WHERE stream_id = $1', [streamId]);
    still.clock.advance(LEASE);

    const toldBefore = await viewer
      .raw('consume', { producerId: kept[2] })
      .then(({ ok }) => ok && viewer.received.filter(({ event }) => event === 'consumerClosed'));
    t.match(toldBefore, [{ data: { consumerId: id, reason: 'swept' } }]);
    t.same(await counts(still), both(3));
  },
);
