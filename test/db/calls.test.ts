import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import t, { type Test } from '../support/tap.ts';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode, touchNode } from '../../server/db/nodes.ts';
import { settings } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';

const at = (clock: string) => new Date(`2025-03-01T${clock}Z`);

/** Who was in which call, when: in the order of joining. */
async function presences(pool: Pool, roomName: string): Promise<unknown[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT user_id, joined_at, left_at, leave_reason, started_at, ended_at
     FROM participants p JOIN room_sessions s ON s.id = p.session_id JOIN rooms r ON r.id = s.room_id
     WHERE r.name = $1 ORDER BY joined_at, user_id`,
    [roomName],
  );
  return rows;
}

t.test('the call journal', async (t) => {
  const { pool } = await testDatabase(t);

  async function startNode(nodeId: string) {
    const node = { nodeId, incarnation: randomUUID() };
    return { node, abandoned: await registerNode(pool, node), journal: createCallJournal(pool, node) };
  }

  t.test('keeps who was in which call, and when; repeating changes nothing', async (t) => {
    const { journal } = await startNode('a');
    const session = { id: randomUUID(), roomName: 'stand-up', startedAt: at('09:00:00'), settings };
    const ada = {
      id: randomUUID(),
      sessionId: session.id,
      userId: '7',
      displayName: 'Ada',
      hidden: false,
      joinedAt: at('09:00:00'),
    };
    const bo = {
      ...ada,
      id: randomUUID(),
      userId: 'guest:b',
      displayName: 'Bo',
      hidden: false,
      joinedAt: at('09:00:05'),
    };
    const record = async () => {
      await journal.sessionStarted(session);
      await journal.participantJoined(ada);
      await journal.participantJoined(bo);
      await journal.participantLeft({ id: bo.id, leftAt: at('09:10:00'), reason: 'disconnected' });
      await journal.participantLeft({ id: ada.id, leftAt: at('09:12:00'), reason: 'left' });
      await journal.sessionEnded({ id: session.id, endedAt: at('09:17:00') });
    };
    const call = { started_at: at('09:00:00'), ended_at: at('09:17:00') };
    const expected = [
      { user_id: '7', joined_at: at('09:00:00'), left_at: at('09:12:00'), leave_reason: 'left', ...call },
      {
        user_id: 'guest:b',
        joined_at: at('09:00:05'),
        left_at: at('09:10:00'),
        leave_reason: 'disconnected',
        ...call,
      },
    ];
    await record();
    t.strictSame(await presences(pool, 'stand-up'), expected);
    await record();
    await journal.participantLeft({ id: ada.id, leftAt: at('10:00:00'), reason: 'removed' });
    await journal.sessionEnded({ id: session.id, endedAt: at('10:00:00') });
    t.strictSame(await presences(pool, 'stand-up'), expected);
  });

  t.test('uses a room’s name for one session after another', async (t) => {
    const { journal } = await startNode('a');
    const sessions = ['11:00:00', '12:00:00'].map((clock) => ({
      id: randomUUID(),
      roomName: 'again',
      startedAt: at(clock),
      settings,
    }));
    await Promise.all(sessions.map((session) => journal.sessionStarted(session)));
    const { rows } = await pool.query(
      `SELECT r.id, count(*)::int AS sessions FROM rooms r JOIN room_sessions s ON s.room_id = r.id
       WHERE name = 'again' GROUP BY r.id`,
    );
    t.match(rows, [{ sessions: 2 }]);
    t.equal(rows.length, 1);
  });

  t.test('records an end before its beginning as the beginning', async (t) => {
    const { journal } = await startNode('a');
    const id = randomUUID();
    await journal.sessionStarted({ id, roomName: 'clock', startedAt: at('09:00:00'), settings });
    await journal.participantJoined({
      id,
      sessionId: id,
      userId: 'u',
      displayName: '',
      hidden: false,
      joinedAt: at('09:00:00'),
    });
    await journal.participantLeft({ id, leftAt: at('08:00:00'), reason: 'left' });
    await journal.sessionEnded({ id, endedAt: at('08:00:00') });
    t.match(await presences(pool, 'clock'), [{ left_at: at('09:00:00'), ended_at: at('09:00:00') }]);
  });

  t.test('refuses a user of more than 128 characters', async (t) => {
    const { journal } = await startNode('a');
    const id = randomUUID();
    await journal.sessionStarted({ id, roomName: 'long', startedAt: at('09:00:00'), settings });
    const join = (userId: string) =>
      journal.participantJoined({
        id,
        sessionId: id,
        userId,
        displayName: 'x',
        hidden: false,
        joinedAt: at('09:00:00'),
      });
    await t.rejects(join('u'.repeat(129)), { message: /participants_user_id_length/ });
    await join('u'.repeat(128));
  });

  t.test('after a crash, the next incarnation ends what the former left open', (t) =>
    crash(t, pool, startNode),
  );
});

async function crash(
  t: Test,
  pool: Pool,
  startNode: (nodeId: string) => Promise<{
    node: { nodeId: string; incarnation: string };
    abandoned: { sessions: number; participants: number };
    journal: ReturnType<typeof createCallJournal>;
  }>,
) {
  const first = await startNode('crashing');
  const other = await startNode('other');
  const sessions = { crashing: randomUUID(), other: randomUUID() };
  const open = async ({ journal }: typeof first, id: string, roomName: string) => {
    await journal.sessionStarted({ id, roomName, startedAt: at('09:00:00'), settings });
    const joined = { sessionId: id, displayName: 'x', hidden: false };
    await journal.participantJoined({
      ...joined,
      id: randomUUID(),
      userId: 'early',
      joinedAt: at('09:00:00'),
    });
    await journal.participantJoined({
      ...joined,
      id: randomUUID(),
      userId: 'late',
      joinedAt: at('09:30:03'),
    });
    const gone = { ...joined, id: randomUUID(), userId: 'gone', joinedAt: at('09:00:01') };
    await journal.participantJoined(gone);
    await journal.participantLeft({ id: gone.id, leftAt: at('09:05:00'), reason: 'left' });
  };
  await open(first, sessions.crashing, 'crashed');
  await open(other, sessions.other, 'goes-on');
  await pool.query(`UPDATE nodes SET started_at = $1, seen_at = $2 WHERE id = 'crashing'`, [
    at('08:00:00'),
    at('09:30:00'),
  ]);

  const second = await startNode('crashing');
  t.strictSame(second.abandoned, { streams: 0, sessions: 1, participants: 2 });
  const crashed = { leave_reason: 'server_crashed', ended_at: at('09:30:03') };
  t.match(await presences(pool, 'crashed'), [
    { user_id: 'early', left_at: at('09:30:00'), ...crashed },
    { user_id: 'gone', left_at: at('09:05:00'), leave_reason: 'left' },
    { user_id: 'late', left_at: at('09:30:03'), ...crashed },
  ]);
  t.match(
    await presences(pool, 'goes-on'),
    [{ left_at: null }, { left_at: at('09:05:00') }, { left_at: null, ended_at: null }],
    'another node’s calls go on',
  );

  await open(second, randomUUID(), 'after-the-crash');
  t.strictSame(
    await registerNode(pool, second.node),
    { streams: 0, sessions: 0, participants: 0 },
    'not one’s own',
  );
  t.match(await presences(pool, 'after-the-crash'), [{ left_at: null }, {}, { left_at: null }]);

  t.ok(await touchNode(pool, second.node));
  t.notOk(await touchNode(pool, first.node), 'a former incarnation learns that it is not the present one');
  const { rows } = await pool.query(
    `SELECT seen_at > now() - interval '1 minute' AS seen FROM nodes WHERE id = 'crashing'`,
  );
  t.strictSame(rows, [{ seen: true }]);
}
