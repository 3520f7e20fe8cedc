import type { Pool } from 'pg';
import type { SlotLedger, StreamRecord } from '../streams/slot-ledger.ts';
import { createDeclaredSlots } from './declared-slots.ts';
import { heldSlots } from './held-streams.ts';
import type { Node } from './nodes.ts';
import { takeCounted, takeFree } from './take-slot.ts';
import { createLimitStore, OWN_LIMIT } from './user-limits.ts';

/** A slot that was taken less than this ago may belong to a start that is still under way, in seconds. */
const SWEEP_AFTER_S = 10;

/** How many slots one statement frees at most, so that none takes long. */
const BATCH = 500;

/** A server that was seen less than this ago may still hold slots, in seconds. */
const NODE_ALIVE_S = 3600;

export interface SlotLedgerOptions {
  /** How long a slot is held without being renewed, in ms. */
  lease: number;
  /** How many streams a user may have at once who has no limit of one's own. */
  limit: number;
}

/**
 * The slots in Postgres: rows that exist beforehand, see take-slot.ts. Whatever locks several of them does so in their
 * order, by user and number, and locks slots before streams: so that nothing waits for each other in a ring.
 */
export function createSlotLedger(
  pool: Pool,
  { nodeId, incarnation }: Node,
  { lease, limit }: SlotLedgerOptions,
): SlotLedger {
  const started = (stream: StreamRecord) =>
    'origin' in stream
      ? [
          stream.userId,
          stream.id,
          null,
          null,
          null,
          null,
          null,
          stream.lease / 1000,
          stream.origin,
          stream.label,
        ]
      : [
          stream.userId,
          stream.id,
          stream.participantId,
          stream.publisherId,
          stream.source,
          nodeId,
          incarnation,
          lease / 1000,
          'sfu',
          null,
        ];

  return {
    ...createDeclaredSlots(pool, incarnation),
    ...createLimitStore(pool, limit),

    async acquire(stream) {
      const values = started(stream);
      return { granted: (await takeFree(pool, values, limit)) || (await takeCounted(pool, values, limit)) };
    },

    async replace(formerId, stream) {
      const { rowCount } = await pool.query({
        name: 'replace-slot',
        text: `WITH held AS (
            SELECT number FROM slots
            WHERE user_id = $1 AND stream_id = $11 AND (node_id IS NULL OR (node_id = $12 AND incarnation = $13))
              AND coalesce(${OWN_LIMIT}, $14::int) > 0
            FOR UPDATE
          ), former AS (
            UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = 'replaced'
            FROM held WHERE id = $11 AND ended_at IS NULL
          ), stream AS (
            INSERT INTO streams (id, user_id, participant_id, publisher_id, source, origin, label, started_at)
            SELECT $2, $1, $3, $4, $5, $9, $10, now() FROM held
          )
          UPDATE slots SET stream_id = $2, node_id = $6, incarnation = $7,
            taken_at = now(), lease_until = now() + make_interval(secs => $8)
          FROM held WHERE slots.user_id = $1 AND slots.number = held.number`,
        values: [...started(stream), formerId, nodeId, incarnation, limit],
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

    async releaseAll(streams) {
      for (let from = 0; from < streams.length; from += BATCH) {
        const batch = streams.slice(from, from + BATCH);
        await pool.query({
          name: 'release-slots',
          text: `WITH released AS (
              SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[]) AS _ (user_id, stream_id, reason)
            ), held AS (
              SELECT slots.user_id, number FROM slots JOIN released USING (user_id, stream_id)
              ORDER BY slots.user_id, number FOR UPDATE OF slots
            ), ended AS (
              UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = reason
              FROM released WHERE id = released.stream_id AND ended_at IS NULL
            )
            UPDATE slots SET stream_id = NULL FROM held
            WHERE slots.user_id = held.user_id AND slots.number = held.number`,
          values: [
            batch.map(({ userId }) => userId),
            batch.map(({ id }) => id),
            batch.map(({ reason }) => reason),
          ],
        });
      }
    },

    held: (userId) => heldSlots(pool, userId, { incarnation, limit }),

    async count() {
      const { rows } = await pool.query<{ id: string; user_id: string; own: boolean }>(
        `SELECT stream_id AS id, user_id, node_id IS NOT NULL AS own FROM slots
         WHERE stream_id IS NOT NULL AND (node_id IS NULL OR (node_id = $1 AND incarnation = $2))`,
        [nodeId, incarnation],
      );
      const own = rows.filter((row) => row.own);
      return {
        ownStreams: new Map(own.map(({ id, user_id }) => [id, user_id])),
        declared: rows.length - own.length,
      };
    },

    async renew(streamIds) {
      const { rows } = await pool.query<{ id: string }>({
        name: 'renew-slots',
        text: `WITH running AS (
            SELECT user_id, number FROM slots
            WHERE node_id = $1 AND incarnation = $2 AND stream_id = ANY($3)
            ORDER BY user_id, number FOR UPDATE
          )
          UPDATE slots SET lease_until = now() + make_interval(secs => $4) FROM running
          WHERE slots.user_id = running.user_id AND slots.number = running.number
          RETURNING stream_id AS id`,
        values: [nodeId, incarnation, streamIds, lease / 1000],
      });
      const { rowCount: others } = await pool.query({
        name: 'other-nodes',
        text: `SELECT FROM nodes WHERE id <> $1 AND seen_at > now() - make_interval(secs => $2) LIMIT 1`,
        values: [nodeId, NODE_ALIVE_S],
      });
      return { held: new Set(rows.map(({ id }) => id)), shared: others !== 0 };
    },

    sweepOrphans: (streamIds) =>
      inBatches(async () => {
        const { rowCount } = await pool.query({
          name: 'sweep-orphans',
          text: `WITH orphans AS (
              SELECT user_id, number, stream_id FROM slots
              WHERE node_id = $1 AND incarnation = $2 AND stream_id IS NOT NULL AND stream_id <> ALL($3)
                AND taken_at < now() - make_interval(secs => $4)
              ORDER BY user_id, number LIMIT ${BATCH} FOR UPDATE
            ), ended AS (
              UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = 'swept'
              FROM orphans WHERE id = orphans.stream_id AND ended_at IS NULL
            )
            UPDATE slots SET stream_id = NULL FROM orphans
            WHERE slots.user_id = orphans.user_id AND slots.number = orphans.number`,
          values: [nodeId, incarnation, streamIds, SWEEP_AFTER_S],
        });
        return rowCount ?? 0;
      }),

    async sweepExpired(whose) {
      const users = new Set<string>();
      await inBatches(async () => {
        const { rows } = await pool.query<{ user_id: string }>({
          name: 'sweep-expired',
          text: `WITH expired AS (
              SELECT user_id, number, stream_id FROM slots
              WHERE stream_id IS NOT NULL AND lease_until < now()
                AND CASE WHEN $2 THEN node_id IS NULL ELSE node_id <> $1 OR incarnation <> $3 END
              ORDER BY user_id, number LIMIT ${BATCH} FOR UPDATE
            ), ended AS (
              UPDATE streams SET ended_at = greatest(started_at, now()),
                end_reason = CASE WHEN origin = 'sfu' THEN 'server_crashed' ELSE 'expired' END
              FROM expired WHERE id = expired.stream_id AND ended_at IS NULL
            )
            UPDATE slots SET stream_id = NULL FROM expired
            WHERE slots.user_id = expired.user_id AND slots.number = expired.number
            RETURNING slots.user_id`,
          values: [nodeId, whose === 'declared', incarnation],
        });
        for (const { user_id } of rows) users.add(user_id);
        return rows.length;
      });
      return [...users];
    },
  };
}

/** Does a batch after another, until one was not full. @param batch Returns how many it did. @returns how many in all. */
async function inBatches(batch: () => Promise<number>): Promise<number> {
  for (let all = 0; ;) {
    const done = await batch();
    all += done;
    if (done < BATCH) return all;
  }
}
