import type { Pool } from 'pg';
import { inTransaction } from './transaction.ts';

const INSERT_STREAM = `INSERT INTO streams (id, user_id, participant_id, publisher_id, source, origin, label, started_at)
  SELECT $2, $1, $3, $4, $5, $9, $10, now()`;

const HOLD = `UPDATE slots SET stream_id = $2, node_id = $6, incarnation = $7,
  taken_at = now(), lease_until = now() + make_interval(secs => $8)`;

/**
 * Takes a place that is free for certain: one that other starts have locked is passed over, so that starts at once do not
 * wait for each other. False says nothing.
 *
 * @param started $1 user, $2 stream, $3 participant, $4 publisher, $5 source, $6 node, $7 incarnation, $8 lease in s,
 *   $9 origin, $10 label.
 * @see https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE
 */
export async function takeFree(pool: Pool, started: unknown[], limit: number): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'take-free-slot',
    // Where there are places beyond the limit, which was higher once, those that are held have to be counted.
    text: `WITH free AS (
        SELECT number FROM slots
        WHERE user_id = $1 AND stream_id IS NULL
          AND NOT EXISTS (SELECT FROM slots beyond WHERE beyond.user_id = $1 AND beyond.number > $11)
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
      ), stream AS (${INSERT_STREAM} FROM free)
      ${HOLD} FROM free WHERE slots.user_id = $1 AND slots.number = free.number`,
    values: [...started, limit],
  });
  return rowCount === 1;
}

/**
 * Takes a place with all places of the user locked, once those who are at them are done: a refusal is certain. Places that
 * are missing are made; those beyond the limit that nobody holds any more go.
 *
 * @param started As for `takeFree`.
 */
export async function takeCounted(pool: Pool, started: unknown[], limit: number): Promise<boolean> {
  const [userId] = started;
  return inTransaction(pool, async (client) => {
    await client.query({
      name: 'make-places',
      text: `INSERT INTO slots (user_id, number) SELECT $1, generate_series(1, $2::int) ON CONFLICT DO NOTHING`,
      values: [userId, limit],
    });
    const { rows } = await client.query<{ number: number; held: boolean }>({
      name: 'lock-places',
      text: `SELECT number, stream_id IS NOT NULL AS held FROM slots WHERE user_id = $1 ORDER BY number FOR UPDATE`,
      values: [userId],
    });
    if (rows.some(({ number, held }) => number > limit && !held)) {
      await client.query(`DELETE FROM slots WHERE user_id = $1 AND number > $2 AND stream_id IS NULL`, [
        userId,
        limit,
      ]);
    }
    const free = rows.find(({ number, held }) => number <= limit && !held);
    if (!free || rows.filter(({ held }) => held).length >= limit) return false;
    await client.query({
      name: 'take-counted-slot',
      text: `WITH stream AS (${INSERT_STREAM}) ${HOLD} WHERE user_id = $1 AND number = $11`,
      values: [...started, free.number],
    });
    return true;
  });
}
