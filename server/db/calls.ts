import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { CallJournal } from '../rooms/call-journal.ts';
import type { Node } from './nodes.ts';

/**
 * Keeps who was in which call, and when, in Postgres. Every method can be repeated without change, and a time that is
 * before its beginning (the clock was set back) is recorded as the beginning. The node must have been registered.
 */
export function createCallJournal(pool: Pool, node: Node): CallJournal {
  return {
    async sessionStarted({ id, roomName, startedAt, settings }) {
      await pool.query(
        `WITH room AS (
           INSERT INTO rooms (id, name, created_at) VALUES ($2, $3, $4)
           ON CONFLICT (name) DO UPDATE SET name = excluded.name
           RETURNING id
         )
         INSERT INTO room_sessions
           (id, room_id, node_id, incarnation, started_at, version, locked, max_participants, empty_ttl_ms)
         SELECT $1, room.id, $5, $6, $4, 1, $7, $8, $9 FROM room
         ON CONFLICT (id) DO NOTHING`,
        [
          id,
          randomUUID(),
          roomName,
          startedAt,
          node.nodeId,
          node.incarnation,
          settings.locked,
          settings.maxParticipants,
          settings.emptyTtl,
        ],
      );
    },

    async sessionUpdated({ id, settings, version }) {
      await pool.query(
        `UPDATE room_sessions SET version = $2, locked = $3, max_participants = $4, empty_ttl_ms = $5
         WHERE id = $1 AND version < $2`,
        [id, version, settings.locked, settings.maxParticipants, settings.emptyTtl],
      );
    },

    async sessionEnded({ id, endedAt }) {
      await pool.query(
        `UPDATE room_sessions SET ended_at = greatest(started_at, $2) WHERE id = $1 AND ended_at IS NULL`,
        [id, endedAt],
      );
    },

    async participantJoined({ id, sessionId, userId, displayName, hidden, joinedAt }) {
      await pool.query(
        `INSERT INTO participants (id, session_id, user_id, display_name, hidden, joined_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO NOTHING`,
        [id, sessionId, userId, displayName, hidden, joinedAt],
      );
    },

    async participantLeft({ id, leftAt, reason }) {
      await pool.query(
        // Another server may have taken this one for gone.
        `UPDATE participants SET left_at = greatest(joined_at, $2), leave_reason = $3
         WHERE id = $1 AND (left_at IS NULL OR leave_reason = 'server_crashed')`,
        [id, leftAt, reason],
      );
    },
  };
}
