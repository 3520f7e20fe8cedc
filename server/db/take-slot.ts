import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './transaction.ts';
import { LOCK_USER, OWN_LIMIT } from './user-limits.ts';

const INSERT_STREAM = `INSERT INTO streams (id, user_id, participant_id, publisher_id, source, origin, label, started_at)
  SELECT $2, $1, $3, $4, $5, $9, $10, now()`;

const HOLD = `UPDATE slots SET stream_id = $2, node_id = $6, incarnation = $7,
  taken_at = now(), lease_until = now() + make_interval(secs => $8)`;

/** The limit of user $1: its own, or else the server's, $11. */
const LIMIT = `coalesce(${OWN_LIMIT}, $11::int)`;

/** How often places that were deleted meanwhile are made again. */
const ATTEMPTS = 3;

interface Place {
  number: number;
  held: boolean;
  /** The user's limit. */
  limit: number;
}

/**
 * Takes a place that is free for certain: one that other starts have locked is passed over, so that starts at once do not
 * wait for each other. False says nothing.
 *
 * @param started $1 user, $2 stream, $3 participant, $4 publisher, $5 source, $6 node, $7 incarnation, $8 lease in s,
 *   $9 origin, $10 label.
 * @param serverLimit Of users who have none of their own.
 * @see https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE
 */
export async function takeFree(pool: Pool, started: unknown[], serverLimit: number): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'take-free-slot',
    // A limit that is lowered takes places away, so a free one is within the limit whatever this snapshot says of it. Only the
    // server's own limit may have been higher when places were made: then those that are held have to be counted.
    text: `WITH free AS (
        SELECT number FROM slots
        WHERE user_id = $1 AND stream_id IS NULL
          AND (SELECT count(*) FROM slots places WHERE places.user_id = $1) <= ${LIMIT}
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
      ), stream AS (${INSERT_STREAM} FROM free)
      ${HOLD} FROM free WHERE slots.user_id = $1 AND slots.number = free.number`,
    values: [...started, serverLimit],
  });
  return rowCount === 1;
}

/**
 * Takes a place with all places of the user locked, once those who are at them are done: a refusal is certain. Places that
 * are missing are made; those beyond the limit that nobody holds any more go. The limit cannot change meanwhile.
 *
 * @param started As for `takeFree`.
 */
export async function takeCounted(pool: Pool, started: unknown[], serverLimit: number): Promise<boolean> {
  const [userId] = started;
  return inTransaction(pool, async (client) => {
    const rows = await lockPlaces(client, userId, serverLimit);
    const limit = rows[0]?.limit ?? 0;
    const free = rows.filter(({ held }) => !held).map(({ number }) => number);
    const surplus = free.splice(Math.max(0, limit - (rows.length - free.length)));
    if (surplus.length > 0) {
      await client.query(`DELETE FROM slots WHERE user_id = $1 AND number = ANY($2)`, [userId, surplus]);
    }
    const [place] = free;
    if (place === undefined) return false;
    await client.query({
      name: 'take-counted-slot',
      text: `WITH stream AS (${INSERT_STREAM}) ${HOLD} WHERE user_id = $1 AND number = $11`,
      values: [...started, place],
    });
    return true;
  });
}

/** Makes what is missing of a user's places up to the limit, and locks all there are. */
async function lockPlaces(client: PoolClient, userId: unknown, serverLimit: number): Promise<Place[]> {
  for (let attempt = 1; ; attempt += 1) {
    await client.query({
      name: 'make-places',
      // Its snapshot is older than the lock. By a limit that was lowered meanwhile it makes too many, which the caller deletes.
      text: `WITH alone AS MATERIALIZED (SELECT ${LOCK_USER})
        INSERT INTO slots (user_id, number)
        SELECT $1, generate_series(1, coalesce(${OWN_LIMIT}, $2::int)) FROM alone ON CONFLICT DO NOTHING`,
      values: [userId, serverLimit],
    });
    const { rows } = await client.query<Place>({
      name: 'lock-places',
      text: `SELECT number, stream_id IS NOT NULL AS held, coalesce(${OWN_LIMIT}, $2::int) AS "limit"
        FROM slots WHERE user_id = $1 ORDER BY number FOR UPDATE`,
      values: [userId, serverLimit],
    });
    // Between the two, an idle user's places may have been deleted (retention-rules.ts): then they are made again.
    if (rows.length >= (rows[0]?.limit ?? 1) || attempt === ATTEMPTS) return rows;
  }
}
