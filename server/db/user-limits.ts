import type { Pool, PoolClient } from 'pg';
import type { LimitChange, LimitChanged, LimitStore } from '../streams/user-limit.ts';
import { removePlaces } from './places.ts';
import { inTransaction } from './transaction.ts';

/** The limit of user $1 where it is not the server's, else null. */
export const OWN_LIMIT = `(SELECT max_video_streams FROM user_limits WHERE user_id = $1)`;

/**
 * Waits until nobody else changes the limit of user $1 or makes its places, and keeps others from it until the transaction
 * ends. Only a statement sent after it is certain to see the limit: each has a snapshot from its own beginning. To be taken
 * before any row of `slots`. The first number keeps these locks apart from others in the same database.
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export const LOCK_USER = `pg_advisory_xact_lock(7183, hashtext($1))`;

interface Row {
  max_video_streams: number;
  of_token: boolean;
  since: Date;
}

/** In an answer: the limit before, as the statement found it, and after. */
const BEFORE_AND_AFTER = `${OWN_LIMIT} AS before, max_video_streams AS after`;

/** @param limit Of users who have none of their own. */
export function createLimitStore(pool: Pool, limit: number): LimitStore {
  return {
    changeLimit: (userId, change) =>
      inTransaction(pool, async (client): Promise<LimitChanged> => {
        await client.query({ name: 'lock-user', text: `SELECT ${LOCK_USER}`, values: [userId] });
        const changed = await write(client, userId, change, limit);
        if (!changed || changed.before === changed.after) return { changed: false, ended: [] };
        const ended = await removePlaces(client, userId, changed.after ?? limit);
        return { changed: true, ended };
      }),

    async limitOf(userId) {
      const { rows } = await pool.query<Row>({
        name: 'limit-of',
        text: `SELECT max_video_streams, of_token, CASE WHEN of_token THEN token_issued_at ELSE set_at END AS since
          FROM user_limits,
            LATERAL (SELECT set_limit IS NULL OR (token_limit IS NOT NULL AND token_issued_at > set_at)) AS by (of_token)
          WHERE user_id = $1 AND max_video_streams IS NOT NULL`,
        values: [userId],
      });
      const [own] = rows;
      if (!own) return { limit, setBy: 'default', since: undefined };
      return { limit: own.max_video_streams, setBy: own.of_token ? 'token' : 'api', since: own.since };
    },
  };
}

interface Changed {
  before: number | null;
  after: number | null;
}

/** @returns the user's own limit before and after; undefined where something newer is known. */
async function write(
  client: PoolClient,
  userId: string,
  change: LimitChange,
  serverLimit: number,
): Promise<Changed | undefined> {
  const { rows } = await client.query<Changed>(statement(userId, change, serverLimit));
  return rows[0];
}

function statement(userId: string, change: LimitChange, serverLimit: number) {
  switch (change.by) {
    case 'token':
      return {
        name: 'limit-by-token',
        text: `INSERT INTO user_limits AS known (user_id, token_limit, token_issued_at) VALUES ($1, $2, $3)
          ON CONFLICT (user_id) DO UPDATE
          SET token_limit = excluded.token_limit, token_issued_at = excluded.token_issued_at
          WHERE known.token_issued_at IS NULL OR excluded.token_issued_at > known.token_issued_at
            OR (excluded.token_issued_at = known.token_issued_at
              AND coalesce(excluded.token_limit, $4::int) < coalesce(known.token_limit, $4::int))
          RETURNING ${BEFORE_AND_AFTER}`,
        values: [userId, change.limit ?? null, change.issuedAt, serverLimit],
      };
    case 'api':
      return {
        name: 'limit-by-api',
        // A token may be from a clock that is ahead of this one.
        text: `INSERT INTO user_limits AS known (user_id, set_limit, set_at) VALUES ($1, $2, $3)
          ON CONFLICT (user_id) DO UPDATE
          SET set_limit = excluded.set_limit, set_at = greatest(excluded.set_at, known.set_at, known.token_issued_at)
          RETURNING ${BEFORE_AND_AFTER}`,
        values: [userId, change.limit, change.at],
      };
    case 'nobody':
      return {
        name: 'limit-not-by-api',
        text: `WITH removed AS (
            DELETE FROM user_limits WHERE user_id = $1 AND token_issued_at IS NULL
            RETURNING max_video_streams AS before, NULL::smallint AS after
          ), kept AS (
            UPDATE user_limits SET set_limit = NULL, set_at = NULL
            WHERE user_id = $1 AND token_issued_at IS NOT NULL AND set_limit IS NOT NULL
            RETURNING ${BEFORE_AND_AFTER}
          )
          SELECT before, after FROM removed UNION ALL SELECT before, after FROM kept`,
        values: [userId],
      };
  }
}
