import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createPool } from '../../server/db/pool.ts';
import { createReadiness } from '../../server/db/readiness.ts';
import { stoppableDatabase, testDatabase } from '../support/postgres.ts';
import { TestClock } from '../support/test-clock.ts';

const node = { nodeId: 'main', incarnation: '0190a5c6-2f7e-7c3b-9d7a-3b1f0f6f9f10' };
const silent = pino({ level: 'silent' });

t.test('however many ask, the database is asked once, and once a second', async (t) => {
  const { pool } = await testDatabase(t);
  await registerNode(pool, node);
  const clock = new TestClock();
  const isReady = createReadiness(pool, node, silent, () => clock.monotonic());
  let asked = 0;
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  pool.query = ((...args: unknown[]) => {
    asked += 1;
    return query(...args);
  }) as typeof pool.query;
  const answers = await Promise.all(Array.from({ length: 400 }, () => isReady()));
  t.same([...new Set(answers)], [true]);
  await isReady();
  t.equal(asked, 1);
  clock.advance(1_000);
  await isReady();
  t.equal(asked, 2);
});

t.test('one that is read-only is not ready, and why is logged', async (t) => {
  const { pool, connectionString } = await testDatabase(t);
  await registerNode(pool, node);
  const { rows } = await pool.query<{ name: string }>('SELECT current_database() AS name');
  await pool.query(`ALTER DATABASE ${rows[0]?.name ?? ''} SET default_transaction_read_only = on`);
  const fresh = createPool({ connectionString, log: silent });
  t.teardown(() => fresh.end());
  const lines = new PassThrough();
  const logged = once(lines, 'data');
  t.notOk(await createReadiness(fresh, node, pino(lines), () => performance.now())());
  t.match((await logged).join(), /"level":40.*read-only.*the database takes no writes/);
  await fresh.query('SET default_transaction_read_only = off');
  t.equal((await fresh.query('SELECT 1')).rowCount, 1, 'though it answers');
});

t.test('one that is gone is not ready', async (t) => {
  const database = await stoppableDatabase(t);
  const { pool } = database;
  await registerNode(pool, node);
  const clock = new TestClock();
  const isReady = createReadiness(pool, node, silent, () => clock.monotonic());
  t.ok(await isReady());
  await database.stop();
  clock.advance(1_000);
  t.notOk(await isReady());
});
