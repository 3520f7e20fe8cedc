import type { Pool } from 'pg';
import type { TrackSource } from '../protocol/model.ts';
import type { HeldSlots, HeldStream, StreamOrigin } from '../streams/slot-ledger.ts';
import { OWN_LIMIT } from './user-limits.ts';

interface Row {
  id: string;
  user_id: string;
  origin: StreamOrigin;
  label: string | null;
  room_name: string | null;
  publisher_name: string | null;
  source: TrackSource | null;
  own: boolean;
  started_at: Date;
  lease_until: Date;
}

const COLUMNS = `s.id, s.user_id, s.origin, s.label, s.source, s.started_at, slots.lease_until,
  slots.incarnation IS NOT DISTINCT FROM $2 AS own, rooms.name AS room_name, publisher.display_name AS publisher_name`;

const HELD = `slots JOIN streams s ON s.id = slots.stream_id AND slots.user_id = $1
  LEFT JOIN participants publisher ON publisher.id = s.publisher_id
  LEFT JOIN room_sessions session ON session.id = publisher.session_id
  LEFT JOIN rooms ON rooms.id = session.room_id`;

/** A user's limit, and what holds the slots, the longest held first; which of them are this server's, by its incarnation. */
export async function heldSlots(
  pool: Pool,
  userId: string,
  { incarnation, limit }: { incarnation: string; limit: number },
): Promise<HeldSlots> {
  const { rows } = await pool.query<{ limit: number } & (Row | { id: null })>({
    name: 'held-slots',
    text: `SELECT coalesce(${OWN_LIMIT}, $3::int) AS "limit", ${COLUMNS}
      FROM (SELECT) AS one LEFT JOIN (${HELD}) ON true ORDER BY slots.taken_at, slots.number`,
    values: [userId, incarnation, limit],
  });
  return {
    limit: rows[0]?.limit ?? limit,
    streams: rows.flatMap((row) => (row.id === null ? [] : [streamOf(row)])),
  };
}

/** One of the streams that hold a user's slots; undefined where it holds none. */
export async function heldStream(
  pool: Pool,
  userId: string,
  streamId: string,
  incarnation: string,
): Promise<HeldStream | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'held-stream',
    text: `SELECT ${COLUMNS} FROM ${HELD} WHERE slots.stream_id = $3`,
    values: [userId, incarnation, streamId],
  });
  return rows[0] && streamOf(rows[0]);
}

function streamOf(row: Row): HeldStream {
  return {
    id: row.id,
    userId: row.user_id,
    origin: row.origin,
    label: row.label ?? undefined,
    roomName: row.room_name ?? undefined,
    publisherName: row.publisher_name ?? undefined,
    source: row.source ?? undefined,
    own: row.own,
    startedAt: row.started_at,
    leaseUntil: row.lease_until,
  };
}
