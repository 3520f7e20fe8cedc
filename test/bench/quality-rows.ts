import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { columnOf, counterColumns, gaugeColumns } from '../../server/db/quality/columns.ts';
import { makePartitions, partitionAt } from '../../server/db/quality/partitions.ts';
import { counters, gauges } from '../../server/stats/sample.ts';
import type { RecordedCall } from '../support/recorded-call.ts';

const DAY_MS = 86_400_000;
/** Time between two samples, in seconds. */
const EVERY = 5;
const TRACKS = 2;

/** About what a call has of each figure in a second, or at a time; of counters whole numbers. */
const typical: Record<(typeof counters)[number] | (typeof gauges)[number], number> = {
  upBytes: 100_000,
  downBytes: 250_000,
  upPackets: 150,
  downPackets: 350,
  upPacketsLost: 1,
  downPacketsLost: 2,
  upAudioPackets: 50,
  downAudioPackets: 50,
  upAudioPacketsLost: 0.4,
  downAudioPacketsLost: 0.4,
  upVideoBytes: 90_000,
  downVideoBytes: 230_000,
  upNacks: 1,
  downNacks: 1,
  upPlis: 0.1,
  downPlis: 0.1,
  freezes: 0.01,
  freezeMs: 3,
  rttMs: 40,
  upJitterMs: 5,
  downJitterMs: 5,
  score: 8,
  upAvailableBps: 2_000_000,
  downAvailableBps: 3_000_000,
  upFps: 25,
  downFps: 25,
  upFrameHeight: 720,
  downFrameHeight: 360,
};

/** Somebody whose transports are measured. */
export interface Measured {
  call: RecordedCall;
  id: string;
  send: string;
  recv: string;
}

/**
 * Fills the tables with days of calls in which everybody is there all day, in the order in which they would have been written.
 * Rollups are made up as well, and fit their samples in kind alone.
 *
 * @param first The first day, in ms since the epoch.
 * @param sessions Those of which nothing but rollups of the room are made.
 * @returns how many rows.
 */
export async function fill(
  pool: Pool,
  { first, days, people, sessions }: { first: number; days: number; people: Measured[]; sessions: string[] },
): Promise<number> {
  const times = Array.from({ length: days }, (_, day) => new Date(first + day * DAY_MS));
  await makePartitions(
    pool,
    times.flatMap((at) => [
      partitionAt('quality_samples', at),
      partitionAt('transport_rollups', at),
      partitionAt('room_rollups', at),
    ]),
  );
  const transports = people.flatMap(({ call, id, send, recv }) => [
    { id: send, participant: id, session: call.sessionId, direction: 'send' },
    { id: recv, participant: id, session: call.sessionId, direction: 'recv' },
  ]);
  const tracks = transports.flatMap(({ id }) =>
    Array.from({ length: TRACKS }, () => ({ id: randomUUID(), transport: id })),
  );
  const begin = new Date(first);
  for (const { id, participant, session, direction } of transports) {
    await pool.query('INSERT INTO transports VALUES ($1, $2, $3, $4, $5)', [
      id,
      session,
      participant,
      direction,
      begin,
    ]);
  }
  for (const { id, transport } of tracks) {
    await pool.query(`INSERT INTO tracks VALUES ($1, $2, 'video', 'camera', $1, $3)`, [id, transport, begin]);
  }
  const rooms = [...new Set([...people.map(({ call }) => call.sessionId), ...sessions])];
  let rows = 0;
  const insert = async (text: string, values: unknown[]) => {
    rows += (await pool.query(text, values)).rowCount ?? 0;
  };
  for (const day of times) {
    await insert(samples, [
      day,
      [...tracks, ...transports.map(({ id }) => ({ id, transport: id }))].map(({ id }) => id),
      [...tracks.map(({ transport }) => transport), ...transports.map(({ id }) => id)],
    ]);
    for (const resolution of [15, 60, 3_600]) {
      await insert(rollups('transport', resolution), [day, transports.map(({ id }) => id)]);
      await insert(rollups('room', resolution), [day, rooms]);
    }
  }
  await pool.query('VACUUM ANALYZE');
  return rows;
}

const about = (column: string, seconds: number): string => {
  const name = [...counters, ...gauges].find((one) => columnOf(one) === column);
  return `random() * ${(name ? typical[name] : 1) * 2 * seconds}`;
};

const samples = `INSERT INTO quality_samples (ended_at, interval_ms, transport_id, track_id, reporter,
    ${[...counterColumns, ...gaugeColumns].join(', ')}, protocol)
  SELECT at, ${EVERY * 1000}, whose.transport, whose.track, 'server',
    ${[...counterColumns.map((column) => `(${about(column, EVERY)})::bigint`), ...gaugeColumns.map((column) => about(column, 1))].join(', ')}, 'udp'
  FROM generate_series($1::timestamptz + interval '${EVERY} seconds', $1::timestamptz + interval '1 day' - interval '1 ms',
    interval '${EVERY} seconds') AS at
  CROSS JOIN unnest($2::uuid[], $3::uuid[]) AS whose (track, transport)`;

function rollups(kind: 'transport' | 'room', resolution: number): string {
  const id = kind === 'transport' ? 'transport_id' : 'session_id';
  const path =
    kind === 'transport' ? { columns: ', protocol, candidate_type', values: `, 'udp', 'host'` } : undefined;
  const weight = resolution * 1000;
  return `INSERT INTO ${kind}_rollups (${id}, reporter, resolution_s, bucket, first_at, last_at, measured_ms,
      ${[...counterColumns, ...gaugeColumns.flatMap((column) => [`${column}_sum`, `${column}_weight`])].join(', ')}${path?.columns ?? ''})
    SELECT whose.id, reporter, ${resolution}, at, at, at + interval '${resolution} seconds', ${weight},
      ${[
        ...counterColumns.map((column) => about(column, resolution)),
        ...gaugeColumns.flatMap((column) => [about(column, weight), `${weight}`]),
      ].join(', ')}${path?.values ?? ''}
    FROM generate_series($1::timestamptz, $1::timestamptz + interval '1 day' - interval '1 ms',
      interval '${resolution} seconds') AS at
    CROSS JOIN unnest($2::uuid[]) AS whose (id) CROSS JOIN (VALUES ('server'), ('browser')) AS who (reporter)`;
}
