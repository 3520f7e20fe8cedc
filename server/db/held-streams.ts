import type { Pool } from 'pg';
import type { TrackSource } from '../protocol/model.ts';
import type { HeldStream, StreamOrigin } from '../streams/slot-ledger.ts';

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

/** What holds a user's slots, the longest held first; which of them are this server's, by its incarnation. */
export async function heldStreams(pool: Pool, userId: string, incarnation: string): Promise<HeldStream[]> {
  const { rows } = await pool.query<Row>({
    name: 'held-streams',
    text: `SELECT s.id, s.user_id, s.origin, s.label, s.source, s.started_at, slots.lease_until,
        slots.incarnation IS NOT DISTINCT FROM $2 AS own,
        rooms.name AS room_name, publisher.display_name AS publisher_name
      FROM slots JOIN streams s ON s.id = slots.stream_id
      LEFT JOIN participants publisher ON publisher.id = s.publisher_id
      LEFT JOIN room_sessions session ON session.id = publisher.session_id
      LEFT JOIN rooms ON rooms.id = session.room_id
      WHERE slots.user_id = $1 AND slots.stream_id IS NOT NULL
      ORDER BY slots.taken_at, slots.number`,
    values: [userId, incarnation],
  });
  return rows.map((row) => ({
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
  }));
}
