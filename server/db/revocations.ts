import type { Pool } from 'pg';
import type { RevocationStore } from '../identity/revocations.ts';

/** Stands in the database for every token of a user, and for every room; a `jti` or a name is never empty. */
const EVERY = '';

interface Row {
  user_id: string;
  token_id: string;
  room_name: string;
  revoked_at: Date;
  expires_at: Date;
}

/** Keeps in Postgres which access tokens are revoked; those that have expired go with what is too old. Every method can be repeated. */
export function createRevocationStore(pool: Pool): RevocationStore {
  return {
    async load(now, since) {
      const { rows } = await pool.query<Row>(
        `SELECT user_id, token_id, room_name, revoked_at, expires_at FROM revocations
         WHERE expires_at > $1 AND revoked_at > $2`,
        [now, since],
      );
      return rows.map((row) => ({
        userId: row.user_id,
        tokenId: row.token_id === EVERY ? undefined : row.token_id,
        roomName: row.room_name === EVERY ? undefined : row.room_name,
        revokedAt: row.revoked_at,
        expiresAt: row.expires_at,
      }));
    },

    async add({ userId, tokenId = EVERY, roomName = EVERY, revokedAt, expiresAt }) {
      await pool.query(
        `INSERT INTO revocations (user_id, token_id, room_name, revoked_at, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id, token_id, room_name) DO UPDATE
         SET revoked_at = greatest(revocations.revoked_at, excluded.revoked_at),
             expires_at = greatest(revocations.expires_at, excluded.expires_at)`,
        [userId, tokenId, roomName, revokedAt, expiresAt],
      );
    },
  };
}
