import { randomUUID } from 'node:crypto';
import pg, { type Pool } from 'pg';
import t from '../support/tap.ts';
import { endLostCalls } from '../../server/db/lost-nodes.ts';
import { nodeKey } from '../../server/db/server-locks.ts';
import { until } from '../support/browser.ts';
import { testNode } from '../support/ledger.ts';
import { cutLockSessions, lockSessions } from '../support/locks.ts';
import { Peer } from '../support/peer.ts';
import { testDatabase } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TestClock } from '../support/test-clock.ts';
import { publisher } from '../support/watching.ts';

/** The server's own default, in ms. */
const LEASE = 15_000;

/** Makes as if a server had not been seen for two leases. @returns when it was, then. */
async function unseen(pool: Pool, nodeId: string): Promise<Date> {
  const { rows } = await pool.query<{ seen_at: Date }>(
    `UPDATE nodes SET started_at = started_at - interval '1 hour', seen_at = now() - interval '30 seconds'
     WHERE id = $1 RETURNING seen_at`,
    [nodeId],
  );
  const seenAt = rows[0]?.seen_at;
  if (!seenAt) throw new Error(`There is no node ${nodeId}.`);
  return seenAt;
}

/** Makes as if everything of a server had begun an hour earlier. */
async function begunEarlier(pool: Pool, nodeId: string): Promise<void> {
  await pool.query(
    `UPDATE participants p SET joined_at = joined_at - interval '1 hour'
     FROM room_sessions s WHERE s.id = session_id AND node_id = $1`,
    [nodeId],
  );
  await pool.query(
    `UPDATE room_sessions SET started_at = started_at - interval '1 hour' WHERE node_id = $1`,
    [nodeId],
  );
}

async function callsOf(pool: Pool, nodeId: string): Promise<unknown[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT user_id, ended_at, left_at, leave_reason FROM participants p JOIN room_sessions s ON s.id = session_id
     WHERE node_id = $1 ORDER BY joined_at`,
    [nodeId],
  );
  return rows;
}

t.test('the calls of a server that never comes back are ended by another one, after a lease', async (t) => {
  const { pool, connectionString } = await testDatabase(t);
  const database = { pool, connectionString };
  const shared = { SHARED_DATABASE: 'on' };
  const gone = await ServerProcess.spawn(t, { ...shared, NODE_ID: 'gone', DATABASE_URL: connectionString });
  const url = await gone.ready();
  const viewer = await Peer.inRoom(t, url, 'tea');
  await viewer.request('consume', { producerId: await publisher(t, url, 'tea') });
  const clock = new TestClock();
  const parts = { database, clock, faults: true };
  const survivor = await testServer(t, { ...shared, NODE_ID: 'survivor' }, parts);
  const silent = await testServer(t, { ...shared, NODE_ID: 'silent' }, { database, faults: true });
  await Peer.inRoom(t, silent.url, 'coffee');

  gone.child.kill('SIGKILL');
  await gone.exited;
  await begunEarlier(pool, 'gone');
  const seenAt = await unseen(pool, 'gone');
  await unseen(pool, 'silent');
  await pool.query(`UPDATE slots SET lease_until = now() - interval '1 second' WHERE stream_id IS NOT NULL`);

  await survivor.leases.round();
  clock.advance(LEASE - 1_000);
  await survivor.leases.round();
  t.match(
    await callsOf(pool, 'gone'),
    [{ ended_at: null }, { ended_at: null }],
    'it may be this one that was away',
  );
  clock.advance(1_000);
  await survivor.leases.round();
  const ended = { ended_at: seenAt, left_at: seenAt, leave_reason: 'server_crashed' };
  t.match(await callsOf(pool, 'gone'), [ended, ended]);
  const { rows } = await pool.query('SELECT end_reason FROM streams');
  t.same(rows, [{ end_reason: 'server_crashed' }]);
  t.match(
    await callsOf(pool, 'silent'),
    [{ ended_at: null, left_at: null }],
    'one that holds its lock is alive, however long it has said nothing',
  );
});

t.test('several servers end them once', async (t) => {
  const { pool } = await testDatabase(t);
  await testNode(pool, 'gone');
  await begunEarlier(pool, 'gone');
  await unseen(pool, 'gone');
  const survivors = Array.from({ length: 5 }, (_, n) => ({ nodeId: `s${n}`, incarnation: randomUUID() }));
  const ended = await Promise.all(survivors.map((node) => endLostCalls(pool, node, LEASE)));
  t.same(ended.flat(), [{ nodeId: 'gone', sessions: 1, participants: 1 }]);
  t.same(await endLostCalls(pool, { nodeId: 's0', incarnation: randomUUID() }, LEASE), []);

  await pool.query('UPDATE participants SET left_at = NULL, leave_reason = NULL');
  t.same(
    await endLostCalls(pool, { nodeId: 's0', incarnation: randomUUID() }, LEASE),
    [{ nodeId: 'gone', sessions: 0, participants: 1 }],
    'also who was left over in a session that has ended',
  );
});

t.test('one that was only cut off finds its calls open when it is back', async (t) => {
  const database = await testDatabase(t);
  const { pool, connectionString } = database;
  const server = await testServer(t, {}, { database, faults: true });
  const ada = await Peer.inRoom(t, server.url, 'tea');
  const ben = await Peer.inRoom(t, server.url, 'tea');
  await begunEarlier(pool, 'main');

  // One session of the test's waits for the lock, and gets it when the server's connection breaks.
  const other = new pg.Pool({ connectionString, max: 1 });
  const locked = other.query(`SELECT pg_advisory_lock(${nodeKey("'main'")})`);
  await until(
    'it waits',
    () => lockSessions(pool, false),
    (pids) => pids.length === 1,
  );
  await cutLockSessions(pool);
  await locked;
  await unseen(pool, 'main');
  const lost = await endLostCalls(other, { nodeId: 'survivor', incarnation: randomUUID() }, LEASE);
  t.same(lost, [{ nodeId: 'main', sessions: 1, participants: 2 }]);
  await ben.request('leave', {});
  await server.rooms.recorded();
  await other.end();

  const calls = await until(
    'it has its lock again',
    () => callsOf(pool, 'main'),
    ([first]) => (first as { ended_at: unknown }).ended_at === null,
  );
  t.match(calls, [
    { user_id: ada.hello.userId, ended_at: null, left_at: null },
    { user_id: ben.hello.userId, leave_reason: 'left' },
  ]);
  await ada.request('leave', {});
  await server.rooms.recorded();
  t.match(await callsOf(pool, 'main'), [{ leave_reason: 'left' }, { leave_reason: 'left' }]);
});
