import type { Pool, PoolClient } from 'pg';
import { endPresences, endSessions, type Node } from './nodes.ts';
import { nodeKey } from './server-locks.ts';
import { inTransaction } from './transaction.ts';

/** The calls of a server that is gone, which were ended. */
export interface LostCalls {
  readonly nodeId: string;
  readonly sessions: number;
  readonly participants: number;
}

/**
 * Ends what other servers left open that are gone: nobody holds the lock of their NODE_ID, and they have not been seen for a lease. It
 * ends at the time when they were last seen. Meanwhile this server has their lock: so only one ends it, and who comes back waits.
 *
 * @param lease In ms.
 */
export async function endLostCalls(pool: Pool, { nodeId }: Node, lease: number): Promise<LostCalls[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM nodes
     WHERE id <> $1 AND seen_at < now() - make_interval(secs => $2) AND (
       EXISTS (SELECT FROM room_sessions WHERE node_id = nodes.id AND ended_at IS NULL)
       OR EXISTS (
         SELECT FROM participants p JOIN room_sessions s ON s.id = p.session_id
         WHERE s.node_id = nodes.id AND p.left_at IS NULL
       )
     )`,
    [nodeId, lease / 1000],
  );
  const lost: LostCalls[] = [];
  for (const { id } of rows) {
    const calls = await inTransaction(pool, (client) => endCallsOf(client, id, lease));
    if (calls) lost.push(calls);
  }
  return lost;
}

async function endCallsOf(client: PoolClient, nodeId: string, lease: number): Promise<LostCalls | undefined> {
  const locked = await client.query<{ gone: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${nodeKey('$1::text')}) AS gone`,
    [nodeId],
  );
  if (locked.rows[0]?.gone !== true) return undefined;
  // It may have come back since, and gone again.
  const { rowCount } = await client.query(
    `SELECT FROM nodes WHERE id = $1 AND seen_at < now() - make_interval(secs => $2) FOR NO KEY UPDATE`,
    [nodeId, lease / 1000],
  );
  if (rowCount === 0) return undefined;
  const participants = await endPresences(client, nodeId);
  const sessions = await endSessions(client, nodeId);
  // Another server may have ended it just before.
  return sessions + participants > 0 ? { nodeId, sessions, participants } : undefined;
}

/**
 * Opens this run's calls again that another server has ended while this one could not be seen. Who has left meanwhile stays out: see
 * `CallJournal.participantLeft`.
 *
 * @param sessionIds Those that still run.
 */
export async function reopenCalls(pool: Pool, { incarnation }: Node, sessionIds: string[]): Promise<void> {
  await pool.query(
    `WITH session AS (
       UPDATE room_sessions SET ended_at = NULL WHERE id = ANY($1) AND incarnation = $2 AND ended_at IS NOT NULL
     )
     UPDATE participants SET left_at = NULL, leave_reason = NULL
     WHERE session_id = ANY($1) AND leave_reason = 'server_crashed'`,
    [sessionIds, incarnation],
  );
}
