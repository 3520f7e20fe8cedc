import type { Pool } from 'pg';
import { rounded, usualFields } from '../../stats/fields.ts';
import { thresholds, troubleFields } from '../../stats/asking/minute.ts';
import type { Spreads, StatsRecords, SummarizedParticipant } from '../../stats/asking/stats-records.ts';
import type { Resolution } from '../../stats/steps.ts';
import { figureOf, judgedFigureOf, participantFigures, reportersOf } from './figures.ts';
import { pathOf, type PathRow } from './paths.ts';
import { periodValues, presentLongest, roomRollups, transportRollups } from './sources.ts';
import { presentOf, type PresentRow } from './present.ts';

/** What a summary is made of, in seconds. */
const MINUTE: Resolution = 60;

type Values = (number | null)[];

/** `s0` and so on, by the fields of a summary: least, middle, 95th percentile. */
type SpreadRow = Record<`s${number}`, Values | null>;

interface PersonRow extends PresentRow {
  everybody: number;
  minutes: number;
  protocol: PathRow['protocol'] | null;
  candidate_type: PathRow['candidate_type'];
}

/** Reads what a summary of a session is made of: its minutes, by the server's figures where both measured. */
export function createSummaryRecords(
  pool: Pool,
): Pick<StatsRecords, 'summarized' | 'roomFigures' | 'troubledMinutes'> {
  return {
    async summarized(sessionId, period, limit) {
      const each = participantFigures('room', MINUTE, usualFields, 'server');
      const { rows } = await pool.query<PersonRow & SpreadRow>(
        `SELECT p.*, coalesce(minutes, 0) AS minutes, protocol, candidate_type, ${usualFields.map((_, n) => `s${n}`).join(', ')}
         FROM (${presentLongest('$4')}) p
         LEFT JOIN (
           SELECT participant_id, count(*)::int AS minutes, ${SPREADS} FROM (${each}) each GROUP BY 1
         ) measured ON measured.participant_id = p.id
         LEFT JOIN LATERAL (
           SELECT last.* FROM transports t CROSS JOIN LATERAL (
             SELECT r.protocol, r.candidate_type, r.last_at FROM transport_rollups r
             WHERE r.transport_id = t.id AND r.resolution_s = 3600
               AND r.bucket >= date_bin('1 hour', $2, 'epoch') AND r.bucket < $3
             -- The browser before the server, who knows of no relay.
             ORDER BY r.bucket DESC, r.reporter LIMIT 1
           ) last
           WHERE t.participant_id = p.id AND last.protocol IS NOT NULL
           ORDER BY last.candidate_type IS NULL, last.last_at DESC LIMIT 1
         ) path ON true
         ORDER BY p.joined_at, p.id`,
        [sessionId, ...periodValues(period), limit],
      );
      return { people: rows.map(personOf), isEverybody: (rows[0]?.everybody ?? 0) <= limit };
    },

    async roomFigures(subject, period) {
      const figures = usualFields.map((field, n) => `${figureOf(field, 'server')} AS f${n}`);
      const who = reportersOf(usualFields, 'server');
      const isWhole = subject.kind === 'room';
      const source = isWhole ? roomRollups(MINUTE, who) : transportRollups(subject.kind, MINUTE, who);
      const { rows } = await pool.query<SpreadRow>(
        `SELECT ${SPREADS} FROM (SELECT ${figures.join(', ')} FROM ${source} GROUP BY r.bucket) each`,
        [subject.sessionId, ...periodValues(period), ...(isWhole ? [] : [subject.participantIds])],
      );
      return rows.map(spreadsIn)[0] ?? {};
    },

    async troubledMinutes(sessionId, period, limit, asMember) {
      const each = participantFigures('room', MINUTE, troubleFields, 'server', judgedFigureOf);
      const badness = troubleFields.map((field, n) => `f${n} / ${thresholds[field].bad}`);
      const noticeable = troubleFields.map((field, n) => `f${n} >= ${thresholds[field].noticeable}`);
      const { rows } = await pool.query<[string, number, number, ...Values]>({
        text: `SELECT participant_id, date_part('epoch', bucket) * 1000, measured::int,
            ${troubleFields.map((_, n) => `f${n}`).join(', ')}
          FROM (
            SELECT *, count(*) OVER (PARTITION BY bucket) AS measured FROM (${each}) each
            WHERE participant_id <> ALL (ARRAY(
              SELECT id FROM participants WHERE session_id = $1 AND hidden AND user_id <> $5::text
            ))
          ) counted
          WHERE ${noticeable.join(' OR ')} ORDER BY greatest(${badness.join(', ')}) DESC LIMIT $4`,
        values: [sessionId, ...periodValues(period), limit, asMember],
        rowMode: 'array',
      });
      return rows.map(([participantId, at, measured, ...values]) => ({
        at,
        participantId,
        measured,
        figures: Object.fromEntries(
          troubleFields.flatMap((field, n) => {
            const value = values[n];
            return typeof value === 'number' ? [[field, rounded(field, value)]] : [];
          }),
        ),
      }));
    },
  };
}

/** The spreads of `f0` and so on. */
const SPREADS = usualFields
  .map((_, n) => `percentile_cont('{0,0.5,0.95}'::float8[]) WITHIN GROUP (ORDER BY f${n}) AS s${n}`)
  .join(', ');

function spreadsIn(row: SpreadRow): Spreads {
  return Object.fromEntries(
    usualFields.flatMap((field, n) => {
      const known = (row[`s${n}`] ?? []).filter((value) => value !== null);
      const [min, median, p95] = known.map((value) => rounded(field, value));
      return min === undefined || median === undefined || p95 === undefined
        ? []
        : [[field, { min, median, p95 }]];
    }),
  );
}

function personOf(row: PersonRow & SpreadRow): SummarizedParticipant {
  const { protocol, candidate_type } = row;
  return {
    ...presentOf(row),
    minutes: row.minutes,
    figures: spreadsIn(row),
    path: protocol === null ? undefined : pathOf({ protocol, candidate_type }),
  };
}
