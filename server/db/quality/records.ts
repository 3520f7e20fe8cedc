import type { Pool } from 'pg';
import { partsOf, type TrackField } from '../../stats/fields.ts';
import type {
  KnownSteps,
  MeasuredParticipant,
  PathChange,
  SeriesRequest,
  StatsRecords,
  Subject,
  TransportRecord,
} from '../../stats/asking/stats-records.ts';
import { SHORTEST_ROLLUP } from '../../stats/steps.ts';
import { columnsOf, figureOf, participantFigures, reportersOf } from './figures.ts';
import { pathOf, pathsIn, type PathRow } from './paths.ts';
import { cutSamples, periodValues, roomRollups, transportRollups } from './sources.ts';
import { createSummaryRecords } from './summary.ts';

/** Changes of path that are told at most: a path that changes all the time says so by then. */
const PATHS_MAX = 1_000;

/** Tracks of a transport that are told at most, the latest ones: each change of who is watched makes one. */
const TRACKS_MAX = 1_000;
/** Transports of a participant, the same. */
const TRANSPORTS_MAX = 100;

interface PathChangeRow extends PathRow {
  at: Date;
  transport_id: string;
  direction: PathChange['direction'];
}

interface TransportRow extends Pick<TransportRecord, 'id' | 'direction' | 'tracks'> {
  session_id: string;
  participant_id: string;
  first_at: Date;
  last_at: Date;
}

interface ParticipantRow extends Pick<MeasuredParticipant, 'id' | 'hidden' | 'transports'> {
  session_id: string;
  user_id: string;
  display_name: string;
  joined_at: Date;
  left_at: Date | null;
}

/** Reads from Postgres what the samples of all servers, and their rollups, say. A question is one statement. */
export function createStatsRecords(pool: Pool): StatsRecords {
  return {
    async series(request) {
      return knownSteps<number>(await pool.query({ ...seriesQuery(request), rowMode: 'array' }));
    },

    async percentiles({ subject, reporter, steps, fields, percentiles }) {
      const each = participantFigures(subject.kind, SHORTEST_ROLLUP, fields, reporter);
      const spreads = fields.map(
        (_, n) => `percentile_cont($4::float8[]) WITHIN GROUP (ORDER BY f${n}) AS f${n}`,
      );
      const text = inColumns(
        `SELECT ${[indexOf('bucket', steps.step), ...spreads].join(', ')} FROM (${each}) each GROUP BY 1`,
        fields,
      );
      const values = [idOf(subject), ...periodValues(steps), percentiles.map((one) => one / 100)];
      return knownSteps<(number | null)[]>(await pool.query({ text, values, rowMode: 'array' }));
    },

    async paths(subject, steps) {
      const resolution = steps.resolution === 1 ? SHORTEST_ROLLUP : steps.resolution;
      const { rows } = await pool.query<PathChangeRow>(
        `SELECT at, transport_id, direction, protocol, candidate_type FROM (
           SELECT *, (protocol, candidate_type) IS DISTINCT FROM
             (lag(protocol) OVER each, lag(candidate_type) OVER each) AS changed
           FROM (${pathsIn(transportRollups(subject.kind, resolution, `'server', 'browser'`))}) known
           WINDOW each AS (PARTITION BY transport_id ORDER BY at)
         ) compared WHERE changed ORDER BY at, transport_id LIMIT ${PATHS_MAX}`,
        [idOf(subject), ...periodValues(steps)],
      );
      return rows.map((row) => ({
        at: row.at,
        transportId: row.transport_id,
        direction: row.direction,
        ...pathOf(row),
      }));
    },

    async transport(id) {
      const { rows } = await pool.query<TransportRow>(
        `SELECT t.id, t.session_id, t.participant_id, t.direction,
           coalesce(known.first_at, t.first_sample_at) AS first_at,
           coalesce(known.last_at, t.first_sample_at) AS last_at,
           coalesce((
             SELECT json_agg(
               json_build_object('id', k.id, 'kind', k.kind, 'source', k.source, 'producerId', k.producer_id)
               ORDER BY k.first_sample_at, k.id
             ) FROM (
               SELECT * FROM tracks WHERE transport_id = t.id ORDER BY first_sample_at DESC, id LIMIT ${TRACKS_MAX}
             ) k
           ), '[]') AS tracks
         FROM transports t CROSS JOIN LATERAL (
           SELECT min(r.first_at) AS first_at, max(r.last_at) AS last_at FROM transport_rollups r
           WHERE r.transport_id = t.id AND r.resolution_s = 3600
         ) known WHERE t.id = $1`,
        [id],
      );
      return rows.map((row) => ({
        id: row.id,
        sessionId: row.session_id,
        participantId: row.participant_id,
        direction: row.direction,
        measured: { from: row.first_at.getTime(), to: row.last_at.getTime() },
        tracks: row.tracks,
      }))[0];
    },

    async participant(id) {
      const { rows } = await pool.query<ParticipantRow>(
        `SELECT p.*, coalesce((
           SELECT json_agg(json_build_object('id', t.id, 'direction', t.direction) ORDER BY t.first_sample_at, t.id)
           FROM (
             SELECT * FROM transports WHERE participant_id = p.id ORDER BY first_sample_at DESC, id LIMIT ${TRANSPORTS_MAX}
           ) t
         ), '[]') AS transports
         FROM participants p WHERE p.id = $1`,
        [id],
      );
      return rows.map((row) => ({
        id: row.id,
        sessionId: row.session_id,
        userId: row.user_id,
        displayName: row.display_name,
        joinedAt: row.joined_at,
        leftAt: row.left_at ?? undefined,
        hidden: row.hidden,
        transports: row.transports,
      }))[0];
    },

    async wasIn(sessionId, userId) {
      const { rows } = await pool.query<{ was: boolean }>(
        'SELECT EXISTS (SELECT FROM participants WHERE session_id = $1 AND user_id = $2) AS was',
        [sessionId, userId],
      );
      return rows[0]?.was === true;
    },

    ...createSummaryRecords(pool),
  };
}

/** Asks for a series: the index of a step, then its figures in their order. */
export function seriesQuery({ subject, reporter, steps, fields }: SeriesRequest): {
  text: string;
  values: unknown[];
} {
  const { step, resolution } = steps;
  const who = reportersOf(fields, reporter);
  // Rounded here already: half as much has to be written and read.
  const figures = fields.map(
    (field, n) => `round((${figureOf(field, reporter)}) * ${partsOf(field)}) / ${partsOf(field)} AS f${n}`,
  );
  const source =
    resolution === 1
      ? cutSamples(subject.kind, step, columnsOf(fields), who)
      : subject.kind === 'room'
        ? roomRollups(resolution, who)
        : transportRollups(subject.kind, resolution, who);
  return {
    text: inColumns(
      `SELECT ${[indexOf('r.bucket', step), ...figures].join(', ')} FROM ${source} GROUP BY 1`,
      fields,
    ),
    values: [idOf(subject), ...periodValues(steps)],
  };
}

/** Which step of a series a bucket is in, from 0. */
const indexOf = (bucket: string, step: number) =>
  `floor(date_part('epoch', ${bucket} - $2::timestamptz) / ${step})::int AS i`;

/** A column each, in one row: read as JSON it takes the server half the time of a row a step. */
const inColumns = (query: string, fields: readonly TrackField[]) =>
  `SELECT ${['i', ...fields.map((_, n) => `f${n}`)].map((name) => `json_agg(${name})`).join(', ')} FROM (${query}) steps`;

function knownSteps<Value>({ rows }: { rows: unknown[][] }): KnownSteps<Value> {
  const [indexes, ...columns] = (rows[0] ?? []) as [number[] | null, ...(Value | null)[][]];
  return indexes ? { indexes, columns } : { indexes: [], columns: [] };
}

function idOf(subject: Subject): string {
  switch (subject.kind) {
    case 'room':
      return subject.sessionId;
    case 'participant':
      return subject.participantId;
    case 'transport':
      return subject.transportId;
    case 'track':
      return subject.trackId;
    case 'user':
      return subject.userId;
  }
}
