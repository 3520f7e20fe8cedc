import type { Pool } from 'pg';
import type { RevocationStore } from '../identity/revocations.ts';

/** Stands in the database for every token of a user; a `jti` is never empty. */
const EVERY_TOKEN = '';

interface Row {
  user_id: string;
  token_id: string;
  revoked_at: Date;
  expires_at: Date;
}

/** Keeps in Postgres which access tokens are revoked. Every method can be repeated. */
export function createRevocationStore(pool: Pool): RevocationStore {
  return {
    async load(now, since) {
      const { rows } = await pool.query<Row>(
        `SELECT user_id, token_id, revoked_at, expires_at FROM revocations WHERE expires_at > $1 AND revoked_at > $2`,
        [now, since],
      );
      return rows.map((row) => ({
        userId: row.user_id,
        tokenId: row.token_id === EVERY_TOKEN ? undefined : row.token_id,
        revokedAt: row.revoked_at,
        expiresAt: row.expires_at,
      }));
    },

    async add({ userId, tokenId = EVERY_TOKEN, revokedAt, expiresAt }) {
      await pool.query(
        `INSERT INTO revocations (user_id, token_id, revoked_at, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, token_id) DO UPDATE
         SET revoked_at = greatest(revocations.revoked_at, excluded.revoked_at),
             expires_at = greatest(revocations.expires_at, excluded.expires_at)`,
        [userId, tokenId, revokedAt, expiresAt],
      );
    },

    async dropExpired(now) {
      await pool.query(`DELETE FROM revocations WHERE expires_at <= $1`, [now]);
    },
  };
}
