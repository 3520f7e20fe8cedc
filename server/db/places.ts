import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './transaction.ts';

interface Place {
  number: number;
  stream_id: string | null;
  node_id: string | null;
  incarnation: string | null;
  taken_at: Date | null;
  lease_until: Date | null;
}

/**
 * Leaves a user the places up to `limit`. Streams in places beyond move into free ones; where there are too few, those
 * taken last end.
 *
 * @returns the ids of the streams that ended.
 */
export async function setPlaces(pool: Pool, userId: string, limit: number): Promise<string[]> {
  const { rowCount } = await pool.query({
    name: 'places-beyond',
    text: `SELECT FROM slots WHERE user_id = $1 AND number > $2 LIMIT 1`,
    values: [userId, limit],
  });
  return rowCount === 0 ? [] : inTransaction(pool, (client) => removeBeyond(client, userId, limit));
}

async function removeBeyond(client: PoolClient, userId: string, limit: number): Promise<string[]> {
  const { rows: places } = await client.query<Place>(
    `SELECT number, stream_id, node_id, incarnation, taken_at, lease_until FROM slots
     WHERE user_id = $1 ORDER BY number FOR UPDATE`,
    [userId],
  );
  const held = places
    .filter(({ stream_id }) => stream_id !== null)
    .sort((a, b) => (a.taken_at?.getTime() ?? 0) - (b.taken_at?.getTime() ?? 0) || a.number - b.number);
  const [staying, ending] = [held.slice(0, limit), held.slice(limit)];
  const ended = ending.flatMap(({ stream_id }) => stream_id ?? []);
  const moving = staying.filter(({ number }) => number > limit);

  await client.query(`UPDATE slots SET stream_id = NULL WHERE user_id = $1 AND stream_id = ANY($2)`, [
    userId,
    ended,
  ]);
  await client.query(`DELETE FROM slots WHERE user_id = $1 AND number > $2`, [userId, limit]);
  const taken = new Set(staying.map(({ number }) => number));
  const free = places.map(({ number }) => number).filter((number) => number <= limit && !taken.has(number));
  for (const [index, place] of moving.entries()) {
    await client.query(
      `UPDATE slots SET stream_id = $3, node_id = $4, incarnation = $5, taken_at = $6, lease_until = $7
       WHERE user_id = $1 AND number = $2`,
      [
        userId,
        free[index],
        place.stream_id,
        place.node_id,
        place.incarnation,
        place.taken_at,
        place.lease_until,
      ],
    );
  }
  await client.query(
    `UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = 'limit_lowered'
     WHERE id = ANY($1) AND ended_at IS NULL`,
    [ended],
  );
  return ended;
}
