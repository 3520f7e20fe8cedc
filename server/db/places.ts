import type { PoolClient } from 'pg';

interface Place {
  number: number;
  stream_id: string | null;
  taken_at: Date | null;
}

/**
 * Leaves a user so many places. Where more are held, the streams taken last end. None moves to another place: whoever waits
 * for the row of a stream, to renew it or to give it back, would look for it in vain. To be called with the user locked
 * (`LOCK_USER`), so that nobody makes places meanwhile.
 *
 * @returns the ids of the streams that ended.
 */
export async function removePlaces(client: PoolClient, userId: string, limit: number): Promise<string[]> {
  const { rows: places } = await client.query<Place>({
    name: 'places',
    text: `SELECT number, stream_id, taken_at FROM slots WHERE user_id = $1 ORDER BY number FOR UPDATE`,
    values: [userId],
  });
  if (places.length <= limit) return [];
  const held = places
    .filter(({ stream_id }) => stream_id !== null)
    .sort((a, b) => (a.taken_at?.getTime() ?? 0) - (b.taken_at?.getTime() ?? 0) || a.number - b.number);
  const staying = held.slice(0, limit);
  const free = places.filter(({ stream_id }) => stream_id === null).slice(0, limit - staying.length);
  const ended = held.slice(limit).flatMap(({ stream_id }) => stream_id ?? []);

  await client.query(`DELETE FROM slots WHERE user_id = $1 AND number <> ALL($2)`, [
    userId,
    [...staying, ...free].map(({ number }) => number),
  ]);
  await client.query(
    `UPDATE streams SET ended_at = greatest(started_at, now()), end_reason = 'limit_lowered'
     WHERE id = ANY($1) AND ended_at IS NULL`,
    [ended],
  );
  return ended;
}
