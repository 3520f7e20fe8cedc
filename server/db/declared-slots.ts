import type { Pool } from 'pg';
import type { SlotLedger } from '../streams/slot-ledger.ts';
import { heldStream } from './held-streams.ts';

type DeclaredSlots = Pick<
  SlotLedger,
  'knows' | 'renewDeclared' | 'endDeclared' | 'endOldest' | 'wasDeclared'
>;

/** What is done with the slots of players outside the SFU alone. */
export function createDeclaredSlots(pool: Pool, incarnation: string): DeclaredSlots {
  const exists = async (name: string, text: string, values: unknown[]) =>
    (await pool.query({ name, text, values })).rowCount !== 0;

  return {
    knows: (userId) => exists('knows-user', `SELECT FROM slots WHERE user_id = $1 LIMIT 1`, [userId]),

    wasDeclared: (userId, streamId) =>
      exists(
        'was-declared',
        `SELECT FROM streams WHERE id = $2 AND user_id = $1 AND origin <> 'sfu' AND ended_at IS NOT NULL`,
        [userId, streamId],
      ),

    async renewDeclared(userId, streamId, lease) {
      const { rowCount } = await pool.query({
        name: 'renew-declared',
        text: `UPDATE slots SET lease_until = greatest(lease_until, now() + make_interval(secs => $3))
          WHERE user_id = $1 AND stream_id = $2 AND node_id IS NULL`,
        values: [userId, streamId, lease / 1000],
      });
      return rowCount === 0 ? undefined : heldStream(pool, userId, streamId, incarnation);
    },

    endDeclared: (userId, streamId) =>
      exists(
        'end-declared',
        `WITH ended AS (
           UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = 'stopped'
           WHERE id = $2 AND user_id = $1 AND origin <> 'sfu' AND ended_at IS NULL
         )
         UPDATE slots SET stream_id = NULL WHERE user_id = $1 AND stream_id = $2 AND node_id IS NULL`,
        [userId, streamId],
      ),

    async endOldest(userId, origin) {
      for (;;) {
        const open = await pool.query<{ id: string }>({
          name: 'oldest-declared',
          text: `SELECT s.id FROM slots JOIN streams s ON s.id = slots.stream_id
            WHERE slots.user_id = $1 AND s.origin = $2 ORDER BY slots.taken_at, slots.number LIMIT 1`,
          values: [userId, origin],
        });
        const [oldest] = open.rows;
        if (!oldest) return false;
        // Somebody else may have ended it meanwhile: then it is the next one's turn.
        if (await this.endDeclared(userId, oldest.id)) return true;
      }
    },
  };
}
