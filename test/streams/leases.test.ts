import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { Leases } from '../../server/streams/leases.ts';
import { Peer } from '../support/peer.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';
import { both, counts, publisher } from '../support/watching.ts';

/** In ms. */
const LEASE = 1_500;
/** The server's own: the fifth of it that is left when videos are given up is long enough to look. */
const LONG_LEASE = 15_000;

/** A server among others on one database, whose way there can be cut. */
async function server(t: Test, database: TestDatabase, lease = LEASE) {
  const link = { cut: false };
  const running = await testServer(
    t,
    { NODE_ID: randomUUID(), WORKERS: '1', SLOT_LEASE_MS: String(lease) },
    {
      database,
      faults: true,
      ledger: (real) =>
        Object.fromEntries(
          Object.entries(real).map(([name, method]) => [
            name,
            (...args: unknown[]) =>
              link.cut
                ? Promise.reject(new Error('out of reach'))
                : (method as (...all: unknown[]) => unknown).apply(real, args),
          ]),
        ) as unknown as typeof real,
    },
  );
  const { streams, ledger, log } = running;
  const leases = new Leases({ streams, ledger, lease, declaredLease: lease, log });
  t.teardown(() => leases.stop());
  return { ...running, link, leases };
}

const heldBy = async (database: TestDatabase, userId: string) =>
  (await database.pool.query('SELECT FROM slots WHERE user_id = $1 AND stream_id IS NOT NULL', [userId]))
    .rowCount;

t.test('a server that cannot renew gives its videos up before another may take their slots', async (t) => {
  const database = await testDatabase(t);
  const [cut, other] = [await server(t, database, LONG_LEASE), await server(t, database)];
  const viewer = await Peer.inRoom(t, cut.url, 'tea');
  const { id } = await viewer.request('consume', { producerId: await publisher(t, cut.url, 'tea') });
  await other.leases.renew();
  cut.leases.start();
  await cut.leases.renew();
  cut.link.cut = true;

  t.match(await viewer.next('consumerClosed'), { consumerId: id, reason: 'swept' });
  const { rows } = await database.pool.query(
    'SELECT lease_until > now() AS ours FROM slots WHERE stream_id IS NOT NULL',
  );
  t.same(rows, [{ ours: true }], 'the slot is still its own then');
  t.equal((await cut.workers.forwarded()).size, 0);

  other.leases.start();
  await emptied(database, viewer.hello.userId);
  const { rows: ends } = await database.pool.query('SELECT end_reason FROM streams');
  t.same(ends, [{ end_reason: 'server_crashed' }]);
  t.pass('and the other one frees it when its lease has run out');
});

t.test('a sole server keeps its videos while the ledger is away', async (t) => {
  const database = await testDatabase(t);
  const alone = await server(t, database);
  const viewer = await Peer.inRoom(t, alone.url, 'tea');
  await viewer.request('consume', { producerId: await publisher(t, alone.url, 'tea') });
  await alone.leases.renew();
  alone.link.cut = true;
  await database.pool.query('SELECT pg_sleep($1)', [(LEASE * 1.2) / 1000]);
  await t.rejects(alone.leases.renew());
  t.equal((await alone.workers.forwarded()).size, 1);
  alone.link.cut = false;
  await alone.leases.renew();
  t.same(await counts(alone), both(1), 'and its slots');
});

t.test(
  'nobody’s lease counts as expired before one has reached the ledger for as long oneself',
  async (t) => {
    const database = await testDatabase(t);
    const [lost, fresh] = [await server(t, database), await server(t, database)];
    const viewer = await Peer.inRoom(t, lost.url, 'tea');
    await viewer.request('consume', { producerId: await publisher(t, lost.url, 'tea') });
    await database.pool.query(
      `UPDATE slots SET lease_until = now() - interval '1 minute' WHERE stream_id IS NOT NULL`,
    );
    await fresh.leases.renew();
    t.equal(await heldBy(database, viewer.hello.userId), 1, 'it may be this one that was away');
    fresh.link.cut = true;
    await t.rejects(fresh.leases.renew());
    fresh.link.cut = false;
    await database.pool.query('SELECT pg_sleep($1)', [(LEASE * 1.1) / 1000]);
    await fresh.leases.renew();
    t.equal(await heldBy(database, viewer.hello.userId), 1, 'a break begins the time anew');
    await database.pool.query('SELECT pg_sleep($1)', [(LEASE * 1.1) / 1000]);
    await fresh.leases.renew();
    t.equal(await heldBy(database, viewer.hello.userId), 0);
  },
);

/** Waits until a user holds no slot any more. */
async function emptied(database: TestDatabase, userId: string): Promise<void> {
  while ((await heldBy(database, userId)) !== 0) await database.pool.query('SELECT pg_sleep(0.05)');
}
