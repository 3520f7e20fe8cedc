import type { Pool } from 'pg';
import type { SlotLedger, StreamRecord } from '../streams/slot-ledger.ts';
import type { Node } from './nodes.ts';
import { inTransaction } from './transaction.ts';

/** A slot that was taken less than this ago may belong to a start that is still under way, in seconds. */
const SWEEP_AFTER_S = 10;

/**
 * The slots in Postgres. A user's places are rows that exist beforehand; a start locks one that is free. Those that are
 * locked by other starts it passes over, so that starts at once do not wait for each other; before it is refused it waits
 * for them, so that a refusal is certain.
 *
 * @param lease How long a slot is held without being renewed, in ms.
 * @see https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE
 */
export function createSlotLedger(pool: Pool, { nodeId, incarnation }: Node, lease: number): SlotLedger {
  const started = ({ id, userId, participantId, publisherId, source }: StreamRecord) => [
    userId,
    id,
    participantId,
    publisherId,
    source,
    nodeId,
    incarnation,
    lease / 1000,
  ];

  async function takeFree(stream: StreamRecord, limit: number, locked: 'skip' | 'wait'): Promise<boolean> {
    const { rowCount } = await pool.query({
      name: `take-slot-${locked}`,
      text: `WITH free AS (
          SELECT number FROM slots
          WHERE user_id = $1 AND number <= $9 AND stream_id IS NULL
          ORDER BY number LIMIT 1 FOR UPDATE ${locked === 'skip' ? 'SKIP LOCKED' : ''}
        ), stream AS (
          INSERT INTO streams (id, user_id, participant_id, publisher_id, source, started_at)
          SELECT $2, $1, $3, $4, $5, now() FROM free
        )
        UPDATE slots SET stream_id = $2, node_id = $6, incarnation = $7,
          taken_at = now(), lease_until = now() + make_interval(secs => $8)
        FROM free WHERE slots.user_id = $1 AND slots.number = free.number`,
      values: [...started(stream), limit],
    });
    return rowCount === 1;
  }

  async function makePlaces(userId: string, limit: number): Promise<void> {
    await pool.query({
      name: 'make-slots',
      text: `INSERT INTO slots (user_id, number) SELECT $1, generate_series(1, $2::int) ON CONFLICT DO NOTHING`,
      values: [userId, limit],
    });
  }

  async function holderIds(userId: string): Promise<string[]> {
    const { rows } = await pool.query<{ id: string }>({
      name: 'slot-holders',
      text: `SELECT stream_id AS id FROM slots WHERE user_id = $1 AND stream_id IS NOT NULL ORDER BY number`,
      values: [userId],
    });
    return rows.map(({ id }) => id);
  }

  return {
    async acquire(stream, limit) {
      if (await takeFree(stream, limit, 'skip')) return { granted: true };
      // No place yet, or each one held or about to be: that is certain once those who are at it are done.
      await makePlaces(stream.userId, limit);
      if (await takeFree(stream, limit, 'wait')) return { granted: true };
      return { granted: false, holderIds: await holderIds(stream.userId) };
    },

    async replace(formerId, stream) {
      const { rowCount } = await pool.query({
        name: 'replace-slot',
        text: `WITH held AS (
            SELECT number FROM slots WHERE user_id = $1 AND stream_id = $9 FOR UPDATE
          ), former AS (
            UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = 'replaced'
            FROM held WHERE id = $9 AND ended_at IS NULL
          ), stream AS (
            INSERT INTO streams (id, user_id, participant_id, publisher_id, source, started_at)
            SELECT $2, $1, $3, $4, $5, now() FROM held
          )
          UPDATE slots SET stream_id = $2, node_id = $6, incarnation = $7,
            taken_at = now(), lease_until = now() + make_interval(secs => $8)
          FROM held WHERE slots.user_id = $1 AND slots.number = held.number`,
        values: [...started(stream), formerId],
      });
      return rowCount === 1;
    },

    async release({ id, userId }, reason) {
      await pool.query({
        name: 'release-slot',
        // An update in WITH that nothing refers to runs last: slots are locked first here too, as everywhere.
        text: `WITH ended AS (
            UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = $3
            WHERE id = $2 AND ended_at IS NULL
          )
          UPDATE slots SET stream_id = NULL WHERE user_id = $1 AND stream_id = $2`,
        values: [userId, id, reason],
      });
    },

    async renew(streamIds) {
      return inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ id: string }>(
          `UPDATE slots SET lease_until = now() + make_interval(secs => $4)
           WHERE node_id = $1 AND incarnation = $2 AND stream_id = ANY($3) RETURNING stream_id AS id`,
          [nodeId, incarnation, streamIds, lease / 1000],
        );
        const { rowCount: swept } = await client.query(
          `WITH orphans AS (
             SELECT user_id, number, stream_id FROM slots
             WHERE node_id = $1 AND incarnation = $2 AND stream_id <> ALL($3)
               AND taken_at < now() - make_interval(secs => $4) FOR UPDATE
           ), freed AS (
             UPDATE slots SET stream_id = NULL FROM orphans
             WHERE slots.user_id = orphans.user_id AND slots.number = orphans.number
           )
           UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = 'swept'
           FROM orphans WHERE id = orphans.stream_id AND ended_at IS NULL`,
          [nodeId, incarnation, streamIds, SWEEP_AFTER_S],
        );
        return { held: new Set(rows.map(({ id }) => id)), swept: swept ?? 0 };
      });
    },
  };
}
