import type { Pool } from 'pg';
import type { TrackSource } from '../protocol/model.ts';
import type { StreamOrigin } from '../streams/slot-ledger.ts';
import type { PastStreamRecord, StreamRecords } from '../streams/stream-records.ts';
import { pageOf, pageValues, positionOf } from './pages.ts';

interface WatchedRow {
  id: string;
  user_id: string;
  participant_id: string;
  display_name: string;
  publisher_id: string;
  publisher_name: string;
  source: TrackSource;
  started_at: Date;
}

interface PastRow {
  id: string;
  origin: StreamOrigin;
  label: string | null;
  session_id: string | null;
  room_name: string | null;
  publisher_name: string | null;
  source: TrackSource | null;
  started_at: Date;
  ended_at: Date | null;
  end_reason: PastStreamRecord['endReason'] | null;
  position: string;
}

/** Reads from Postgres what the slots of all servers were used for. */
export function createStreamRecords(pool: Pool): StreamRecords {
  return {
    async watchedIn(sessionId) {
      const { rows } = await pool.query<WatchedRow>(
        `SELECT s.id, s.user_id, s.participant_id, viewer.display_name, s.publisher_id,
           publisher.display_name AS publisher_name, s.source, s.started_at
         FROM participants viewer
         JOIN streams s ON s.participant_id = viewer.id AND s.ended_at IS NULL
         JOIN participants publisher ON publisher.id = s.publisher_id
         WHERE viewer.session_id = $1 AND viewer.left_at IS NULL
         ORDER BY s.started_at DESC, s.id DESC`,
        [sessionId],
      );
      return rows.map((row) => ({
        id: row.id,
        userId: row.user_id,
        participantId: row.participant_id,
        displayName: row.display_name,
        publisherId: row.publisher_id,
        publisherName: row.publisher_name,
        source: row.source,
        startedAt: row.started_at,
      }));
    },

    async history(userId, { from, to }, page) {
      const { rows } = await pool.query<PastRow>(
        `SELECT s.id, s.origin, s.label, s.source, s.started_at, s.ended_at, s.end_reason, session.id AS session_id,
           rooms.name AS room_name, publisher.display_name AS publisher_name, ${positionOf('s.started_at')}
         FROM (
           SELECT * FROM streams
           WHERE user_id = $1 AND started_at >= coalesce($2::timestamptz, '-infinity')
             AND started_at < coalesce($3::timestamptz, 'infinity') AND (started_at, id) < ($4, $5)
           ORDER BY started_at DESC, id DESC LIMIT $6
         ) s
         LEFT JOIN participants publisher ON publisher.id = s.publisher_id
         LEFT JOIN room_sessions session ON session.id = publisher.session_id
         LEFT JOIN rooms ON rooms.id = session.room_id
         ORDER BY s.started_at DESC, s.id DESC`,
        [userId, from, to, ...pageValues(page)],
      );
      return pageOf(rows, page, (row) => ({
        id: row.id,
        origin: row.origin,
        label: row.label ?? undefined,
        roomId: row.session_id ?? undefined,
        roomName: row.room_name ?? undefined,
        publisherName: row.publisher_name ?? undefined,
        source: row.source ?? undefined,
        startedAt: row.started_at,
        endedAt: row.ended_at ?? undefined,
        endReason: row.end_reason ?? undefined,
      }));
    },
  };
}
