import type { Pool } from 'pg';
import type {
  MeasuredParticipant,
  SeriesRequest,
  StatsRecords,
  Subject,
  TransportRecord,
} from '../../stats/asking/stats-records.ts';
import { SHORTEST_ROLLUP, type Period } from '../../stats/steps.ts';
import { participantFigures, reportersOf } from './figures.ts';
import { pathChangeOf, pathChangesQuery, type PathChangeRow } from './paths.ts';
import { createRankingRecords } from './ranking.ts';
import { indexOf, inColumns, knownSteps, roundedFigures, rowsOf } from './series.ts';
import { periodValues, roomRollups } from './sources.ts';
import { createSummaryRecords } from './summary.ts';
import { createTimelineRecords } from './timeline.ts';

/** Changes of path that are told at most: a path that changes all the time says so by then. */
const PATHS_MAX = 1_000;

/** Tracks of a transport that are told at most, the latest ones: each change of who is watched makes one. */
const TRACKS_MAX = 1_000;
/** Transports of a participant, the same. */
const TRANSPORTS_MAX = 100;

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
      const { rows } = await pool.query<unknown[]>({ ...seriesQuery(request), rowMode: 'array' });
      return knownSteps<number>(rows[0]);
    },

    async percentiles({ subject, reporter, steps, fields, percentiles }) {
      const each = participantFigures(subject.kind, SHORTEST_ROLLUP, fields, reporter);
      const values = [...valuesOf(subject, steps), percentiles.map((one) => one / 100)];
      const spreads = fields.map(
        (_, n) => `percentile_cont($${values.length}::float8[]) WITHIN GROUP (ORDER BY f${n}) AS f${n}`,
      );
      const text = inColumns(
        `SELECT ${[indexOf('bucket', steps.step), ...spreads].join(', ')} FROM (${each}) each GROUP BY 1`,
        fields,
      );
      const { rows } = await pool.query<unknown[]>({ text, values, rowMode: 'array' });
      return knownSteps<(number | null)[]>(rows[0]);
    },

    async paths(subject, steps) {
      const { rows } = await pool.query<PathChangeRow>(
        pathChangesQuery(subject.kind, steps.resolution, String(PATHS_MAX)),
        valuesOf(subject, steps),
      );
      return rows.map(pathChangeOf);
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

    async hiddenFrom(sessionId, userId) {
      const { rows } = await pool.query<{ id: string }>(
        'SELECT id FROM participants WHERE session_id = $1 AND hidden AND user_id <> $2',
        [sessionId, userId],
      );
      return rows.map(({ id }) => id);
    },

    ...createSummaryRecords(pool),
    ...createTimelineRecords(pool),
    ...createRankingRecords(pool),
  };
}

/** Asks for a series: the index of a step, then its figures in their order. */
export function seriesQuery({ subject, reporter, steps, fields }: SeriesRequest): {
  text: string;
  values: unknown[];
} {
  const { resolution } = steps;
  const source =
    resolution !== 1 && subject.kind === 'room'
      ? roomRollups(resolution, reportersOf(fields, reporter))
      : rowsOf(subject.kind, steps, fields, reporter);
  const figures = roundedFigures(fields, reporter);
  return {
    text: inColumns(
      `SELECT ${[indexOf('r.bucket', steps.step), ...figures].join(', ')} FROM ${source} GROUP BY 1`,
      fields,
    ),
    values: valuesOf(subject, steps),
  };
}

/** What `sources` name `$1` and so on. */
function valuesOf(subject: Subject, period: Period): unknown[] {
  const values = [idOf(subject), ...periodValues(period)];
  return subject.kind === 'roomWithout' ? [...values, subject.participantIds] : values;
}

function idOf(subject: Subject): string {
  switch (subject.kind) {
    case 'room':
    case 'roomWithout':
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
