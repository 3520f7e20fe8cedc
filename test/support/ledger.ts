import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { pino } from 'pino';
import type { Test } from 'tap';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createPool } from '../../server/db/pool.ts';
import { createSlotLedger } from '../../server/db/slots.ts';
import type { DeclaredRecord, ForwardedRecord, SlotLedger } from '../../server/streams/slot-ledger.ts';

/** As many connections as starts at once: the point is that they meet in Postgres, not in a queue of ours. */
export function poolForMany(t: Pick<Test, 'teardown'>, connectionString: string): Pool {
  const log = pino({ level: 'silent' });
  const limits = { max: 50, connectTimeoutMs: 20_000, statementTimeoutMs: 20_000 };
  const pool = createPool({ connectionString, log, ...limits });
  t.teardown(() => pool.end());
  return pool;
}

/** Of a room that nobody set anything of. */
export const settings = { locked: false, maxParticipants: undefined, emptyTtl: 300_000 };

/** Of a server's slots, in ms. */
export const LEASE = 15_000;

/** Streams that a user of these servers may have at once who has no limit of one's own. */
export const LIMIT = 3;

/** A node with one participant, who watches and is watched. */
export async function testNode(
  pool: Pool,
  nodeId: string = randomUUID(),
  { lease = LEASE, limit = LIMIT }: { lease?: number; limit?: number } = {},
) {
  const node = { nodeId, incarnation: randomUUID() };
  await registerNode(pool, node);
  const journal = createCallJournal(pool, node);
  const [sessionId, participantId] = [randomUUID(), randomUUID()];
  await journal.sessionStarted({ id: sessionId, roomName: 'tea', startedAt: new Date(), settings });
  const someone = {
    id: participantId,
    sessionId,
    userId: 'u',
    displayName: 'Ada',
    hidden: false,
    joinedAt: new Date(),
  };
  await journal.participantJoined(someone);
  const streamOf = (userId: string): ForwardedRecord => ({
    id: randomUUID(),
    userId,
    participantId,
    publisherId: participantId,
    source: 'camera',
  });
  return { node, streamOf, ledger: createSlotLedger(pool, node, { lease, limit }) };
}

/** Sets a user's limit, as if over REST. @returns the ids of the streams that ended. */
export async function allow(ledger: SlotLedger, userId: string, limit: number): Promise<string[]> {
  return (await ledger.changeLimit(userId, { by: 'api', limit, at: new Date() })).ended;
}

/** A stream outside the SFU. */
export const declaredOf = (
  userId: string,
  origin: DeclaredRecord['origin'] = 'declared',
): DeclaredRecord => ({
  id: randomUUID(),
  userId,
  origin,
  label: 'a player',
  lease: 600_000,
});

/** The ids of the streams that hold a user's slots, by the number of the slot. */
export async function heldIds(pool: Pool, userId: string): Promise<string[]> {
  const { rows } = await pool.query<{ stream_id: string }>(
    'SELECT stream_id FROM slots WHERE user_id = $1 AND stream_id IS NOT NULL ORDER BY number',
    [userId],
  );
  return rows.map(({ stream_id }) => stream_id);
}
