import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './transaction.ts';

/** A server among those that share a database, and which of its runs. */
export interface Node {
  readonly nodeId: string;
  /** A UUID made anew at each start. */
  readonly incarnation: string;
}

/** What former incarnations had left open. */
export interface Abandoned {
  readonly streams: number;
  readonly sessions: number;
  readonly participants: number;
}

/**
 * Makes this incarnation the node's present one and, in the same transaction, ends the calls that former ones left open
 * at the time the node was last seen. Repeated, it changes nothing.
 */
export async function registerNode(pool: Pool, { nodeId, incarnation }: Node): Promise<Abandoned> {
  return inTransaction(pool, async (client) => {
    await client.query(
      `INSERT INTO nodes (id, incarnation, started_at, seen_at) VALUES ($1, $2, now(), now())
       ON CONFLICT (id) DO NOTHING`,
      [nodeId, incarnation],
    );
    await client.query(`SELECT FROM nodes WHERE id = $1 FOR NO KEY UPDATE`, [nodeId]);
    const streams = await endStreams(client, nodeId, incarnation);
    const participants = await endPresences(client, nodeId, incarnation);
    const sessions = await endSessions(client, nodeId, incarnation);
    await client.query(
      `UPDATE nodes SET incarnation = $2, started_at = now(), seen_at = now() WHERE id = $1 AND incarnation <> $2`,
      [nodeId, incarnation],
    );
    return { streams, sessions, participants };
  });
}

/**
 * Says that this incarnation is alive.
 *
 * @returns false where it is not the node's present one: another server with the same NODE_ID has started since, or the database
 *   is not the one that it was.
 */
export async function touchNode(pool: Pool, { nodeId, incarnation }: Node): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE nodes SET seen_at = greatest(started_at, now()) WHERE id = $1 AND incarnation = $2`,
    [nodeId, incarnation],
  );
  return rowCount === 1;
}

/** Frees the slots of former incarnations. */
async function endStreams(client: PoolClient, nodeId: string, incarnation: string): Promise<number> {
  const { rowCount } = await client.query(
    `WITH held AS (
       SELECT user_id, number, stream_id FROM slots
       WHERE node_id = $1 AND incarnation <> $2 AND stream_id IS NOT NULL
       ORDER BY user_id, number FOR UPDATE
     ), freed AS (
       UPDATE slots SET stream_id = NULL FROM held
       WHERE slots.user_id = held.user_id AND slots.number = held.number
     )
     UPDATE streams SET ended_at = greatest(streams.started_at, least(n.seen_at, now())), end_reason = 'server_crashed'
     FROM held, nodes n WHERE streams.id = held.stream_id AND n.id = $1 AND ended_at IS NULL`,
    [nodeId, incarnation],
  );
  return rowCount ?? 0;
}

/** @param except The incarnation whose calls go on, if any. */
export async function endPresences(client: PoolClient, nodeId: string, except?: string): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE participants p
     SET left_at = greatest(p.joined_at, least(s.ended_at, n.seen_at, now())), leave_reason = 'server_crashed'
     FROM room_sessions s JOIN nodes n ON n.id = s.node_id
     WHERE p.session_id = s.id AND p.left_at IS NULL AND s.node_id = $1 AND s.incarnation IS DISTINCT FROM $2`,
    [nodeId, except],
  );
  return rowCount ?? 0;
}

/** After `endPresences`: who joined after the node was last seen makes the session end that much later. */
export async function endSessions(client: PoolClient, nodeId: string, except?: string): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE room_sessions s
     SET ended_at = greatest(
       s.started_at,
       least(n.seen_at, now()),
       (SELECT max(p.left_at) FROM participants p WHERE p.session_id = s.id)
     )
     FROM nodes n
     WHERE n.id = s.node_id AND s.ended_at IS NULL AND s.node_id = $1 AND s.incarnation IS DISTINCT FROM $2`,
    [nodeId, except],
  );
  return rowCount ?? 0;
}
