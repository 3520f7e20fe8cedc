import type { Pool } from 'pg';
import type { LayerChange, StatsRecords } from '../../stats/asking/stats-records.ts';
import { pathChangeOf, pathChangesQuery, type PathChangeRow } from './paths.ts';
import { indexOf, inColumns, knownSteps, roundedFigures, rowsOf } from './series.ts';
import { LONGEST_SAMPLE, periodValues, presentLongest } from './sources.ts';
import { presentOf, type PresentRow } from './present.ts';

interface CountedRow extends PresentRow {
  everybody: number;
}

interface LayerRow {
  at: Date;
  participant_id: string;
  track_id: string;
  source: LayerChange['source'];
  publisher_id: string | null;
  spatial_layer: number;
  temporal_layer: number;
}

/** Reads what a timeline of a session has of everybody, each kind by one statement. */
export function createTimelineRecords(
  pool: Pool,
): Pick<StatsRecords, 'present' | 'seriesOfEach' | 'pathsOfEach' | 'layersOfEach'> {
  return {
    async present(sessionId, period, limit) {
      const { rows } = await pool.query<CountedRow>(
        `SELECT * FROM (${presentLongest('$4')}) p ORDER BY joined_at, id`,
        [sessionId, ...periodValues(period), limit],
      );
      return { people: rows.map(presentOf), isEverybody: (rows[0]?.everybody ?? 0) <= limit };
    },

    async seriesOfEach({ sessionId, participantIds, reporter, steps, fields }) {
      const figures = [
        'participant_id',
        indexOf('r.bucket', steps.step),
        ...roundedFigures(fields, reporter),
      ];
      const text = inColumns(
        `SELECT ${figures.join(', ')} FROM ${rowsOf('participants', steps, fields, reporter)} GROUP BY 1, 2`,
        fields,
        'participant_id',
      );
      const values = [sessionId, ...periodValues(steps), participantIds];
      const { rows } = await pool.query<[string, ...unknown[]]>({ text, values, rowMode: 'array' });
      return new Map(rows.map(([participantId, ...row]) => [participantId, knownSteps<number>(row)]));
    },

    async pathsOfEach({ sessionId, participantIds }, period, resolution, limit) {
      const { rows } = await pool.query<PathChangeRow>(pathChangesQuery('participants', resolution, '$5'), [
        sessionId,
        ...periodValues(period),
        participantIds,
        limit,
      ]);
      return rows.map(pathChangeOf);
    },

    async layersOfEach({ sessionId, participantIds }, period, limit) {
      const { rows } = await pool.query<LayerRow>(LAYER_CHANGES, [
        sessionId,
        ...periodValues(period),
        participantIds,
        limit,
      ]);
      return rows.map((row) => ({
        at: row.at,
        participantId: row.participant_id,
        trackId: row.track_id,
        source: row.source,
        publisherId: row.publisher_id ?? undefined,
        spatialLayer: row.spatial_layer,
        temporalLayer: row.temporal_layer,
      }));
    },
  };
}

/** One track after another, by the primary key, whose order is the window's. What a sample has is so from its beginning on. */
const LAYER_CHANGES = `SELECT q.at, t.participant_id, k.id AS track_id, k.source, q.spatial_layer, q.temporal_layer, (
      SELECT publishing.participant_id FROM tracks published
      JOIN transports publishing ON publishing.id = published.transport_id WHERE published.id = k.producer_id
    ) AS publisher_id
  FROM transports t JOIN tracks k ON k.transport_id = t.id
  CROSS JOIN LATERAL (
    SELECT greatest(ended_at - interval_ms * interval '1 ms', $2) AS at, spatial_layer, temporal_layer FROM (
      SELECT ended_at, interval_ms, spatial_layer, temporal_layer,
        spatial_layer IS DISTINCT FROM lag(spatial_layer) OVER each
          OR temporal_layer <> lag(temporal_layer) OVER each AS changed
      FROM (
        SELECT ended_at, interval_ms, spatial_layer, coalesce(temporal_layer, 0) AS temporal_layer
        FROM quality_samples s
        WHERE s.transport_id = t.id AND s.track_id = k.id AND s.reporter = 'server' AND s.spatial_layer IS NOT NULL
          AND s.ended_at > $2 AND s.ended_at < $3::timestamptz + ${LONGEST_SAMPLE}
      ) forwarded
      WINDOW each AS (ORDER BY ended_at)
    ) compared WHERE changed AND ended_at - interval_ms * interval '1 ms' < $3 OFFSET 0
  ) q
  WHERE t.session_id = $1 AND t.participant_id = ANY($4) AND t.direction = 'recv' AND k.kind = 'video'
  ORDER BY q.at, k.id LIMIT $5`;
