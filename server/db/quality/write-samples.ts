import { resolutions } from '../../stats/steps.ts';
import { counterColumns, gaugeColumns, summedColumns } from './columns.ts';

const list = (parts: readonly string[]): string => parts.join(', ');

const figures = [...counterColumns, ...gaugeColumns];
const details = ['spatial_layer', 'temporal_layer', 'protocol', 'candidate_type'];
const sampleColumns = [
  'ended_at',
  'interval_ms',
  'transport_id',
  'track_id',
  'reporter',
  ...figures,
  ...details,
];

/** Numbers are those of JavaScript; what a column takes is rounded as it is inserted. */
const record = [
  'session_id uuid',
  'participant_id uuid',
  'transport_id uuid',
  'direction text',
  'track_id uuid',
  'kind text',
  'source text',
  'producer_id uuid',
  'reporter text',
  'ended_at timestamptz',
  ...['interval_ms', ...figures, 'spatial_layer', 'temporal_layer'].map((name) => `${name} double precision`),
  'protocol text',
  'candidate_type text',
];

const bucketLengths = resolutions.filter((seconds) => seconds > 1);

/** NULL is what no reporter of the bucket knows: sum() passes over it. */
const summed = [
  ...counterColumns.map((counter) => `sum(${counter} * ms / interval_ms) AS ${counter}`),
  ...gaugeColumns.flatMap((gauge) => [
    `sum(${gauge} * ms) AS ${gauge}_sum`,
    `sum(ms) FILTER (WHERE ${gauge} IS NOT NULL) AS ${gauge}_weight`,
  ]),
];

const lastKnown = (column: string): string =>
  `(array_agg(${column} ORDER BY ended_at DESC) FILTER (WHERE ${column} IS NOT NULL))[1] AS ${column}`;

/** Adds what is excluded to the rollup that is there. */
const added = [
  'first_at = least(rollup.first_at, excluded.first_at)',
  'last_at = greatest(rollup.last_at, excluded.last_at)',
  'measured_ms = rollup.measured_ms + excluded.measured_ms',
  ...summedColumns.map(
    (name) => `${name} = coalesce(rollup.${name} + excluded.${name}, rollup.${name}, excluded.${name})`,
  ),
];

const lastKnownOfBoth = (column: string): string =>
  `${column} = CASE WHEN excluded.last_at >= rollup.last_at THEN coalesce(excluded.${column}, rollup.${column})
    ELSE coalesce(rollup.${column}, excluded.${column}) END`;

/**
 * Writes samples, given as JSON, and adds them to the rollups: those alone that were not there yet. Rows are inserted in
 * order everywhere, so that no two statements wait for each other.
 *
 * - owners: whose each transport is; all of its samples say the same.
 * - fresh: what was inserted just now.
 * - pieces: of each sample of a whole transport the pieces that lie in each bucket, `ms` long.
 */
export const WRITE_SAMPLES = `
WITH batch AS (
  SELECT * FROM json_to_recordset($1::json) AS record (${list(record)})
),
owners AS (
  SELECT DISTINCT ON (transport_id) transport_id, session_id, participant_id, direction,
    ended_at - interval_ms * interval '1 ms' AS started_at
  FROM batch ORDER BY transport_id, ended_at
),
new_transports AS (
  INSERT INTO transports (id, session_id, participant_id, direction, first_sample_at)
  SELECT transport_id, session_id, participant_id, direction, started_at FROM owners ORDER BY transport_id
  ON CONFLICT DO NOTHING
),
new_tracks AS (
  INSERT INTO tracks (id, transport_id, kind, source, producer_id, first_sample_at)
  SELECT DISTINCT ON (track_id) track_id, transport_id, kind, source, producer_id,
    ended_at - interval_ms * interval '1 ms'
  FROM batch WHERE track_id <> transport_id ORDER BY track_id, ended_at
  ON CONFLICT DO NOTHING
),
fresh AS (
  INSERT INTO quality_samples (${list(sampleColumns)})
  SELECT ${list(sampleColumns)} FROM batch ORDER BY transport_id, track_id, reporter, ended_at
  ON CONFLICT DO NOTHING
  RETURNING ${list(sampleColumns)}
),
pieces AS (
  SELECT sample.*, resolution_s, bucket, first_at, last_at, 1000 * extract(epoch FROM last_at - first_at)::float8 AS ms
  FROM (SELECT *, ended_at - interval_ms * interval '1 ms' AS started_at FROM fresh WHERE track_id = transport_id) sample
  CROSS JOIN unnest(ARRAY[${list(bucketLengths.map(String))}]) AS resolution_s
  CROSS JOIN LATERAL (SELECT resolution_s * interval '1 s' AS length) AS resolution
  CROSS JOIN LATERAL generate_series(
    date_bin(length, started_at, 'epoch'), ended_at - interval '1 microsecond', length
  ) AS bucket
  CROSS JOIN LATERAL (
    SELECT greatest(bucket, started_at) AS first_at, least(bucket + length, ended_at) AS last_at
  ) AS piece
),
by_transport AS (
  SELECT transport_id, reporter, resolution_s, bucket, min(first_at) AS first_at, max(last_at) AS last_at,
    sum(ms) AS measured_ms,
    ${list(summed)},
    ${list(['protocol', 'candidate_type'].map(lastKnown))}
  FROM pieces GROUP BY transport_id, reporter, resolution_s, bucket
),
by_room AS (
  SELECT session_id, reporter, resolution_s, bucket, min(first_at) AS first_at, max(last_at) AS last_at,
    sum(measured_ms) AS measured_ms,
    ${list(summedColumns.map((column) => `sum(${column}) AS ${column}`))}
  FROM by_transport JOIN owners USING (transport_id) GROUP BY session_id, reporter, resolution_s, bucket
),
of_transports AS (
  INSERT INTO transport_rollups AS rollup
    (transport_id, reporter, resolution_s, bucket, first_at, last_at, measured_ms, ${list(summedColumns)}, protocol, candidate_type)
  SELECT * FROM by_transport ORDER BY transport_id, resolution_s, bucket, reporter
  ON CONFLICT (transport_id, resolution_s, bucket, reporter) DO UPDATE SET
    ${list([...added, ...['protocol', 'candidate_type'].map(lastKnownOfBoth)])}
)
INSERT INTO room_rollups AS rollup
  (session_id, reporter, resolution_s, bucket, first_at, last_at, measured_ms, ${list(summedColumns)})
SELECT * FROM by_room ORDER BY session_id, resolution_s, bucket, reporter
ON CONFLICT (session_id, resolution_s, bucket, reporter) DO UPDATE SET
  ${list(added)}`;
