import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Pool } from 'pg';
import t, { type Test } from '../support/tap.ts';
import { STATS_TURNS } from '../../server/http/stats-access.ts';
import { RecordedCall } from '../support/recorded-call.ts';
import { asking, askingWith, problem, production, type Ask } from '../support/rest.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf } from '../support/tokens.ts';

const reader = { statsRead: true };

/** Nobody reads what is known of rooms as a whole, until this is undone. */
async function locked(t: Test, pool: Pool): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('BEGIN; LOCK TABLE room_rollups');
  let held = true;
  const unlock = async () => {
    if (!held) return;
    held = false;
    await client.query('ROLLBACK');
    client.release();
  };
  t.teardown(unlock);
  return unlock;
}

/** Waits until so many questions wait for the lock. */
async function stuck(pool: Pool, count: number): Promise<void> {
  while ((await stuckIn(pool)) < count) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function stuckIn(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity 
     WHERE wait_event_type = 'Lock' AND datname = current_database()`,
  );
  return rows[0]?.n ?? 0;
}

async function withCall(t: Test, room: string, settings: Record<string, string> = {}): Promise<TestServer> {
  const server = await testServer(t, { ...production, ...settings });
  const call = await RecordedCall.begin(server.database.pool, room, 0, 60);
  await call.join('ada', 0, 60);
  return server;
}

const statusesOf = async (answers: ReturnType<Ask>[]) =>
  (await Promise.all(answers)).map(({ status }) => status);

t.test('who asks much waits for themselves alone', async (t) => {
  const server = await withCall(t, 'tea');
  const { pool } = server.database;
  const [member, support] = [await askingWith(server, {}, 'ada'), await askingWith(server, reader)];
  const unlock = await locked(t, pool);
  const asked = Array.from({ length: 6 }, () => member('GET', '/rooms/tea/stats'));
  await stuck(pool, 2);
  t.match(await support('GET', '/rooms/tea/scores'), { status: 200 });
  t.match(await support('GET', '/rooms/tea/timeline'), { status: 200 });
  t.equal(await stuckIn(pool), 2);
  await unlock();
  t.same(await statusesOf(asked), new Array(6).fill(200));
});

t.test('of one user only so many questions wait', async (t) => {
  const server = await withCall(t, 'milk');
  const { pool } = server.database;
  const ask = await askingWith(server, reader);
  const unlock = await locked(t, pool);
  const asked = Array.from({ length: STATS_TURNS.waiting + 3 }, () => ask('GET', '/rooms/milk/stats'));
  t.match(await Promise.race(asked), {
    ...problem(429, 'rate_limited'),
    body: { retryAfterMs: Number, detail: /statistics/ },
    headers: { 'retry-after': /^\d+$/ },
  });
  await stuck(pool, 2);
  await unlock();
  t.same((await statusesOf(asked)).sort(), [...new Array<number>(STATS_TURNS.waiting + 2).fill(200), 429]);
});

t.test('who has gone does not wait', async (t) => {
  const server = await withCall(t, 'water');
  const { pool } = server.database;
  const token = await tokenOf('ada', reader);
  const ask = asking(server, token);
  const unlock = await locked(t, pool);
  const asked = [1, 2].map(() => ask('GET', '/rooms/water/stats'));
  await stuck(pool, 2);

  const closed: Promise<unknown>[] = [];
  server.app.server.on('connection', (socket: Socket) => closed.push(once(socket, 'close')));
  const headers = { authorization: `Bearer ${token}` };
  const goers = Array.from({ length: STATS_TURNS.waiting + 1 }, () =>
    get(`${server.url}/api/v1/rooms/water/stats`, { headers }).on('error', () => undefined),
  );
  const [refused] = (await Promise.race(goers.map((one) => once(one, 'response')))) as [IncomingMessage];
  t.equal(refused.statusCode, 429, 'the others wait');
  for (const request of goers) request.destroy();
  await Promise.all(closed);
  asked.push(...Array.from({ length: STATS_TURNS.waiting }, () => ask('GET', '/rooms/water/scores')));
  await unlock();
  t.same(await statusesOf(asked), new Array(STATS_TURNS.waiting + 2).fill(200));
});

t.test('where too many read, it says so, and not that the database is away', async (t) => {
  const server = await withCall(t, 'juice', { DATABASE_CONNECT_TIMEOUT_MS: '1000' });
  const { pool } = server.database;
  const unlock = await locked(t, pool);
  const asked: ReturnType<Ask>[] = [];
  for (const name of ['ben', 'cleo', 'dan']) {
    const ask = await askingWith(server, reader, name);
    asked.push(ask('GET', '/rooms/juice/stats'));
  }
  await stuck(pool, 3);
  const support = await askingWith(server, reader);
  t.match(await support('GET', '/rooms/juice/scores'), {
    ...problem(503, 'unavailable'),
    body: {
      detail: 'Too many statistics are being read now. Try again in a moment.',
      retryAfterMs: Number,
    },
    headers: { 'retry-after': /^\d+$/ },
  });
  await unlock();
  await Promise.all(asked);
  t.match(await support('GET', '/rooms/juice/scores'), { status: 200 });
});
