import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { RetentionTimer } from '../../server/db/retention-timer.ts';
import { ageRules } from '../../server/db/retention-rules.ts';
import { countOld, deleteOld } from '../../server/db/retention.ts';
import { MAX_LIFETIME } from '../../server/identity/tokens.ts';
import { declaredOf, heldIds, poolForMany, settings, testNode } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';
import { sampleOf, trackOf } from '../support/samples.ts';

const DAY = 86_400_000;
const days = { sampleDays: 30, rollupDays: 396, recordDays: 396 };
const ago = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY);

const run = (pool: Pool, signal = new AbortController().signal) =>
  deleteOld(pool, days, { now: Date.now(), signal });

/** The rows of every table that `deleteOld` would delete from. */
async function wouldGo(pool: Pool): Promise<Record<string, number>> {
  const counts = await countOld(pool, days, Date.now());
  return Object.fromEntries(counts.filter(({ rows }) => rows > 0).map(({ table, rows }) => [table, rows]));
}

async function idsIn(pool: Pool, table: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(`SELECT id FROM ${table} ORDER BY id`);
  return rows.map(({ id }) => id);
}

async function journalOf(pool: Pool) {
  const node = { nodeId: randomUUID(), incarnation: randomUUID() };
  await registerNode(pool, node);
  return createCallJournal(pool, node);
}

/** A session in which one person watches another one; times are days ago, undefined: it goes on. */
async function call(pool: Pool, { room = randomUUID(), from, until, left = until }: Call) {
  const journal = await journalOf(pool);
  const [session, viewer, publisher, stream] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  await journal.sessionStarted({ id: session, roomName: room, startedAt: ago(from), settings });
  for (const id of [viewer, publisher]) {
    const who = { userId: `user-${id}`, displayName: 'Ada', hidden: false };
    await journal.participantJoined({ id, sessionId: session, ...who, joinedAt: ago(from) });
    if (left !== undefined) await journal.participantLeft({ id, leftAt: ago(left), reason: 'left' });
  }
  if (until !== undefined) await journal.sessionEnded({ id: session, endedAt: ago(until) });
  await pool.query(
    `INSERT INTO streams (id, user_id, participant_id, publisher_id, source, origin, started_at, ended_at, end_reason)
     VALUES ($1, $2, $3, $4, 'camera', 'sfu', $5, $6, CASE WHEN $6::timestamptz IS NOT NULL THEN 'stopped' END)`,
    [stream, `user-${viewer}`, viewer, publisher, ago(from), left === undefined ? null : ago(left)],
  );
  return { room, session, viewer, publisher, stream };
}

interface Call {
  room?: string;
  from: number;
  until?: number;
  left?: number;
}

t.test('what is too old goes, and nothing of an open session', async (t) => {
  const { pool } = await testDatabase(t);
  const old = await call(pool, { from: 400, until: 398 });
  const young = await call(pool, { from: 400, until: 395 });
  const open = await call(pool, { from: 900, left: 800 });
  const again = await call(pool, { room: old.room, from: 1 });
  const gone = await call(pool, { from: 500, until: 500 });
  t.same(await wouldGo(pool), { streams: 2, participants: 4, room_sessions: 2, rooms: 1 });
  t.match(await countOld(pool, days, Date.now()), [{ table: 'streams', oldest: Date }]);

  const { rows } = await run(pool);
  t.same(rows, { streams: 2, participants: 4, room_sessions: 2, rooms: 1 });
  const left = [young, open, again];
  t.same(await idsIn(pool, 'streams'), left.map(({ stream }) => stream).sort());
  t.same(
    await idsIn(pool, 'participants'),
    left.flatMap(({ viewer, publisher }) => [viewer, publisher]).sort(),
  );
  t.same(await idsIn(pool, 'room_sessions'), left.map(({ session }) => session).sort());
  const { rows: names } = await pool.query<{ name: string }>('SELECT name FROM rooms');
  t.same(names.map(({ name }) => name).sort(), left.map(({ room }) => room).sort());
  t.notOk(names.some(({ name }) => name === gone.room));
  t.same((await run(pool)).rows, {}, 'once');
});

t.test('a limit that a token said long ago goes, and one that was set over REST stays', async (t) => {
  const { pool } = await testDatabase(t);
  const { ledger } = await testNode(pool);
  for (const userId of ['ada', 'ben', 'cleo'])
    await ledger.changeLimit(userId, { by: 'token', limit: 1, issuedAt: ago(402) });
  await ledger.changeLimit('ben', { by: 'api', limit: 2, at: ago(402) });
  await ledger.changeLimit('cleo', { by: 'token', limit: 1, issuedAt: ago(1) });
  await ledger.changeLimit('dan', { by: 'token', limit: 1, issuedAt: new Date(Date.now() - MAX_LIFETIME) });
  t.same((await run(pool)).rows, { user_limits: 1 });
  const { rows } = await pool.query<{ user_id: string }>('SELECT user_id FROM user_limits ORDER BY 1');
  const kept = [{ user_id: 'ben' }, { user_id: 'cleo' }, { user_id: 'dan' }];
  t.same(rows, kept, 'also of one whose older token could still be valid');
});

t.test('a declared stream that is held stays, however old it is', async (t) => {
  const { pool } = await testDatabase(t);
  const { ledger } = await testNode(pool);
  const [held, ended] = [declaredOf('ada'), declaredOf('ada')];
  for (const stream of [held, ended]) await ledger.acquire(stream);
  await ledger.endDeclared('ada', ended.id);
  await pool.query(`UPDATE streams SET started_at = now() - interval '900 days'`);
  await pool.query(`UPDATE streams SET ended_at = now() - interval '800 days' WHERE ended_at IS NOT NULL`);
  t.same((await run(pool)).rows, { streams: 1 });
  t.same(await idsIn(pool, 'streams'), [held.id]);
  t.same(await heldIds(pool, 'ada'), [held.id]);
});

t.test('however sessions lie in time: what goes is what was foretold, and all that is too old', async (t) => {
  const { pool } = await testDatabase(t);
  // On the 396th day it depends on the moment.
  const age = fc.integer({ min: 0, max: 800 }).filter((days) => days !== 396);
  const anyCall = fc.record({
    room: fc.constantFrom('a', 'b', 'c'),
    times: fc.tuple(age, age, age).map((all) => all.sort((a, b) => b - a)),
    isOpen: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { maxLength: 4 }), async (calls) => {
      await pool.query('TRUNCATE rooms, nodes CASCADE');
      const made = [];
      for (const { room, times, isOpen } of calls) {
        const [from, left, until] = times;
        const at = { room, from, left, ...(!isOpen && { until }) };
        made.push({ ...at, ...(await call(pool, at)) });
      }
      const foretold = await wouldGo(pool);
      t.same((await run(pool)).rows, foretold);
      const stays = made.filter(({ until }) => until === undefined || until < 396);
      t.same(await idsIn(pool, 'room_sessions'), stays.map(({ session }) => session).sort());
      const people = stays.filter(({ left, until }) => until === undefined || left < 396);
      t.same(await idsIn(pool, 'streams'), people.map(({ stream }) => stream).sort());
      t.equal((await idsIn(pool, 'participants')).length, 2 * people.length);
      const { rows } = await pool.query<{ name: string }>('SELECT name FROM rooms');
      const names = new Set(stays.map(({ room }) => room));
      for (const { room, from } of made) if (from < 396) names.add(room);
      t.ok([...names].every((name) => rows.some((row) => row.name === name)));
      t.same(await wouldGo(pool), {});
    }),
    { numRuns: 10 },
  );
});

t.test('many that ended at the same moment go, in batches, by several servers at once', async (t) => {
  const { pool, connectionString } = await testDatabase(t);
  const { session } = await call(pool, { from: 1 });
  const { session: ended } = await call(pool, { from: 500, until: 500 });
  const insert = (id: string) =>
    pool.query(
      `INSERT INTO participants (id, session_id, user_id, display_name, hidden, joined_at, left_at, leave_reason)
       SELECT gen_random_uuid(), $1, 'u', 'U', false, $2, $2, 'left' FROM generate_series(1, 2000)`,
      [id, ago(450)],
    );
  await insert(session);
  await insert(ended);
  const many = poolForMany(t, connectionString);
  const runs = await Promise.all([0, 1, 2].map(() => run(many)));
  const deleted = runs.map(({ rows }) => rows['participants'] ?? 0);
  t.equal(
    deleted.reduce((sum, each) => sum + each, 0),
    2002,
    'each by one of them',
  );
  t.ok(runs.every(({ batches }) => batches > ageRules.length));
  t.equal((await idsIn(pool, 'participants')).length, 2002, 'those of the open session are there');
});

t.test('rows that somebody has locked are left for another time', async (t) => {
  const { pool } = await testDatabase(t);
  const { stream } = await call(pool, { from: 500, until: 500 });
  await call(pool, { from: 500, until: 500 });
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM streams WHERE id = $1 FOR UPDATE', [stream]);
  t.same((await run(pool)).rows, { streams: 1, participants: 2, room_sessions: 1, rooms: 1 });
  await client.query('ROLLBACK');
  client.release();
  t.same((await run(pool)).rows, { streams: 1, participants: 2, room_sessions: 1, rooms: 1 });
});

t.test('a room that is used again while it is deleted', async (t) => {
  const { pool, connectionString } = await testDatabase(t);
  const many = poolForMany(t, connectionString);
  const rooms = Array.from({ length: 60 }, (_, n) => `room-${n}`);
  for (const room of rooms) await call(pool, { room, from: 500, until: 500 });
  const journal = await journalOf(many);
  const start = (roomName: string) =>
    journal.sessionStarted({ id: randomUUID(), roomName, startedAt: new Date(), settings });
  await Promise.all([run(many), run(many), ...rooms.map(start)]);
  const { rows } = await pool.query(
    `SELECT FROM rooms JOIN room_sessions s ON s.room_id = rooms.id WHERE s.ended_at IS NULL`,
  );
  t.equal(rows.length, rooms.length, 'every session has its room');
});

t.test('transports of which nothing is left, reports and revocations', async (t) => {
  const { pool } = await testDatabase(t);
  const sink = createStatsSink(pool, { sampleDays: 1_000 });
  const at = (daysAgo: number, own = sampleOf()) => ({ ...own, endedAt: ago(daysAgo).getTime() });
  const [long, gone] = [sampleOf(), sampleOf()];
  await sink.write([
    at(500, long),
    at(500, gone),
    { ...at(500, gone), track: trackOf() },
    at(1, long),
    at(50),
  ]);
  await pool.query('DELETE FROM transport_rollups WHERE transport_id = $1', [gone.transportId]);
  await pool.query(
    `INSERT INTO call_quality_reports (measured_at, room_name, participant,
       video_send_bps, video_recv_bps, video_send_packet_loss, video_recv_packet_loss)
     SELECT now() - days * interval '1 day', 'tea', 'Ada', 0, 0, 0, 0
     FROM unnest($1::float8[]) AS days, generate_series(1, 1001)`,
    [[0, 29, 31, 100]],
  );
  await pool.query(
    `INSERT INTO revocations (user_id, token_id, room_name, revoked_at, expires_at)
     SELECT 'u', n::text, '', '2020-01-01', now() + (n - 3.5) * interval '1 hour' FROM generate_series(1, 5) n`,
  );
  const gone3 = { transports: 1, call_quality_reports: 2_002, revocations: 3 };
  t.same(await wouldGo(pool), gone3);
  t.same((await run(pool)).rows, gone3);
  t.equal((await pool.query('SELECT FROM tracks')).rowCount, 0, 'tracks go with their transport');
  t.equal((await idsIn(pool, 'transports')).length, 2, 'one that goes on is kept');
});

t.test('a table that cannot be done does not keep the others from it', async (t) => {
  const { pool } = await testDatabase(t);
  await call(pool, { from: 500, until: 500 });
  await pool.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
  );
  await pool.query('CREATE TRIGGER refuse BEFORE DELETE ON streams EXECUTE FUNCTION refuse()');
  await pool.query(`INSERT INTO revocations VALUES ('u', '', '2020-01-01', '2020-01-02', '')`);
  await t.rejects(run(pool), { errors: [{ message: 'refused' }] });
  t.equal((await pool.query('SELECT FROM revocations')).rowCount, 0);
  t.equal((await idsIn(pool, 'participants')).length, 2, 'whom a stream refers to stays');
});

t.test('it runs by itself, says one line, and ends with the server', async (t) => {
  const { pool } = await testDatabase(t);
  const lines: unknown[] = [];
  let said = () => {};
  const log = pino(
    { base: null },
    {
      write: (line) => {
        lines.push(JSON.parse(line));
        said();
      },
    },
  );
  const waits: number[] = [];
  const next = () => new Promise<void>((resolve) => (said = resolve));
  const timer = new RetentionTimer({ pool, days, log, wait: (runs) => 5 * Math.sign(waits.push(runs)) });
  await call(pool, { from: 500, until: 500 });
  let done = next();
  timer.start();
  await done;
  t.match(lines, [
    {
      msg: /deleted/,
      rows: { streams: 1, participants: 2, room_sessions: 1, rooms: 1 },
      slowestMs: Number,
      ms: Number,
    },
  ]);
  done = next();
  await call(pool, { from: 500, until: 500 });
  await done;
  await pool.query('ALTER TABLE streams RENAME TO hidden');
  done = next();
  await done;
  t.match(lines.at(-1), { level: 40, msg: /were not deleted/, err: { message: /^Not everything/ } });
  await timer.stop();
  const { length } = waits;
  await pool.query('SELECT pg_sleep(0.05)');
  t.equal(waits.length, length, 'no run follows');
});

t.test('a run ends with the batch that is under way', async (t) => {
  const { pool } = await testDatabase(t);
  for (let n = 0; n < 3; n += 1) await call(pool, { from: 500, until: 500 });
  const stop = new AbortController();
  stop.abort();
  t.same(await run(pool, stop.signal), { rows: {}, batches: 0, slowestMs: 0 });
});
