import type { Pool } from 'pg';
import type { LeaveReason } from '../rooms/call-journal.ts';
import type { CallRecords, ParticipantRecord, SessionRecord } from '../rooms/call-records.ts';
import type { Node } from './nodes.ts';
import { pageOf, pageValues, positionOf } from './pages.ts';

interface SessionRow {
  id: string;
  room_name: string;
  started_at: Date;
  ended_at: Date | null;
  version: number;
  locked: boolean;
  max_participants: number | null;
  /** A bigint. */
  empty_ttl_ms: string;
  other_node: string | null;
}

interface ParticipantRow {
  id: string;
  user_id: string;
  display_name: string;
  joined_at: Date;
  left_at: Date | null;
  leave_reason: LeaveReason | null;
}

const SESSIONS = `SELECT s.id, rooms.name AS room_name, s.started_at, s.ended_at, s.version, s.locked,
    s.max_participants, s.empty_ttl_ms,
    CASE WHEN s.node_id = $1 AND s.incarnation = $2 THEN NULL ELSE s.node_id END AS other_node
  FROM room_sessions s JOIN rooms ON rooms.id = s.room_id`;

/** So that the index by room gives them in order. */
const NAMED = `s.room_id = (SELECT id FROM rooms WHERE name = $3)`;

const inState = { open: 's.ended_at IS NULL', closed: 's.ended_at IS NOT NULL', all: 'true' };

const PARTICIPANTS = `SELECT p.id, p.user_id, p.display_name, p.joined_at, p.left_at, p.leave_reason,
    ${positionOf('p.joined_at')}
  FROM participants p`;

const inPresence = { present: 'p.left_at IS NULL', left: 'p.left_at IS NOT NULL', all: 'true' };

/** Reads from Postgres what every server's journal has written there. A page is one statement. */
export function createCallRecords(pool: Pool, { nodeId, incarnation }: Node): CallRecords {
  const node = [nodeId, incarnation];

  return {
    async session(id) {
      const { rows } = await pool.query<SessionRow>(`${SESSIONS} WHERE s.id = $3`, [...node, id]);
      return rows.map(session)[0];
    },

    async latestSession(roomName) {
      const { rows } = await pool.query<SessionRow>(
        `${SESSIONS} WHERE ${NAMED} ORDER BY s.started_at DESC, s.id DESC LIMIT 1`,
        [...node, roomName],
      );
      return rows.map(session)[0];
    },

    async sessions({ state, roomName }, page) {
      const { rows } = await pool.query<SessionRow & { participant_count: number; position: string }>(
        `SELECT page.*, ${positionOf('page.started_at')}, (
           SELECT count(*)::int FROM participants p WHERE p.session_id = page.id AND p.left_at IS NULL
         ) AS participant_count
         FROM (
           ${SESSIONS}
           WHERE ${inState[state]} AND ($3::text IS NULL OR ${NAMED}) AND (s.started_at, s.id) < ($4, $5)
           ORDER BY s.started_at DESC, s.id DESC LIMIT $6
         ) page ORDER BY page.started_at DESC, page.id DESC`,
        [...node, roomName, ...pageValues(page)],
      );
      return pageOf(rows, page, (row) => ({ ...session(row), participantCount: row.participant_count }));
    },

    async participant(sessionId, id) {
      const { rows } = await pool.query<ParticipantRow>(
        `${PARTICIPANTS} WHERE p.id = $2 AND p.session_id = $1`,
        [sessionId, id],
      );
      return rows.map(participant)[0];
    },

    async participants(sessionId, state, page) {
      const { rows } = await pool.query<ParticipantRow & { position: string }>(
        `${PARTICIPANTS}
         WHERE p.session_id = $1 AND ${inPresence[state]} AND (p.joined_at, p.id) < ($2, $3)
         ORDER BY p.joined_at DESC, p.id DESC LIMIT $4`,
        [sessionId, ...pageValues(page)],
      );
      return pageOf(rows, page, participant);
    },
  };
}

function session(row: SessionRow): SessionRecord {
  return {
    id: row.id,
    roomName: row.room_name,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    settings: {
      locked: row.locked,
      maxParticipants: row.max_participants ?? undefined,
      emptyTtl: Number(row.empty_ttl_ms),
    },
    version: row.version,
    otherNode: row.other_node ?? undefined,
  };
}

function participant(row: ParticipantRow): ParticipantRecord {
  return {
    id: row.id,
    userId: row.user_id,
    displayName: row.display_name,
    joinedAt: row.joined_at,
    leftAt: row.left_at ?? undefined,
    leaveReason: row.leave_reason ?? undefined,
  };
}
