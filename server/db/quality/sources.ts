import type { Subject } from '../../stats/asking/stats-records.ts';
import type { Period, Resolution } from '../../stats/steps.ts';

/** Rows `r`, shaped as rollups are, up to and with their conditions: the subject is `$1`, the period is from `$2` to `$3`. */
type Rows = string;

/** The transports `t` of a subject: what is selected from, and on which condition. */
const transports: Record<
  Subject['kind'] | 'participants' | 'sessions' | 'everybody',
  { tables: string; where: string }
> = {
  room: { tables: 'transports t', where: 't.session_id = $1' },
  roomWithout: { tables: 'transports t', where: 't.session_id = $1 AND t.participant_id <> ALL($4)' },
  // Of the room, so that one index is enough.
  participants: { tables: 'transports t', where: 't.session_id = $1 AND t.participant_id = ANY($4)' },
  sessions: { tables: 'transports t', where: 't.session_id = ANY($1)' },
  participant: { tables: 'transports t', where: 't.participant_id = $1' },
  transport: { tables: 'transports t', where: 't.id = $1' },
  track: { tables: 'tracks t', where: 't.id = $1' },
  // A last sample may come after its participant has left.
  user: {
    tables: 'participants p JOIN transports t ON t.participant_id = p.id',
    where: `p.user_id = $1 AND p.joined_at < $3
      AND (p.left_at IS NULL OR p.left_at > $2::timestamptz - interval '1 minute')`,
  },
  // By sessions, since these are found by time.
  everybody: {
    tables: `(SELECT s.*, rooms.name AS room_name FROM room_sessions s JOIN rooms ON rooms.id = s.room_id) s
      JOIN participants p ON p.session_id = s.id JOIN transports t ON t.participant_id = p.id`,
    where: `s.started_at < $3 AND (s.ended_at IS NULL OR s.ended_at > $2::timestamptz - interval '1 minute')
      AND p.joined_at < $3 AND (p.left_at IS NULL OR p.left_at > $2::timestamptz - interval '1 minute') AND NOT p.hidden`,
  },
};

/**
 * Whose rows: those of a subject, or of several: then `$1` is the room and `$4` are participants (of `roomWithout`, those who are
 * left out), or `$1` are sessions. Everybody is who was there and is not hidden: then `$1` is anything else.
 */
export type Whose = keyof typeof transports;

/** `$2` and `$3`. */
export const periodValues = ({ from, to }: Period): [Date, Date] => [new Date(from), new Date(to)];

/**
 * Those who were in the session longest in the period, in no order, and how many there were: `everybody`. Whoever joins again and
 * again hides nobody who stays.
 */
export const presentLongest = (
  limit: string,
) => `SELECT *, (count(*) OVER ())::int AS everybody FROM participants
  WHERE session_id = $1 AND joined_at < $3 AND (left_at IS NULL OR left_at >= $2)
  ORDER BY least(coalesce(left_at, now()), $3) - greatest(joined_at, $2) DESC, joined_at, id LIMIT ${limit}`;

/** As long as a sample is at most: see the table. */
export const LONGEST_SAMPLE = `interval '1 hour'`;

/** The rollups of a room as a whole. */
export const roomRollups = (resolution: Resolution, who: string): Rows =>
  `room_rollups r WHERE r.session_id = $1 AND ${inPeriod(resolution, who)}`;

/** The rollups of each transport `t` of a subject. */
export const transportRollups = (kind: Whose, resolution: Resolution, who: string): Rows =>
  ofEachTransport(kind, `SELECT * FROM ${rollupsOfOne(resolution, who)}`);

/** The rollups of one transport `t`, in `ofEachTransport`. */
export const rollupsOfOne = (resolution: Resolution, who: string): Rows =>
  `transport_rollups r WHERE r.transport_id = t.id AND ${inPeriod(resolution, who)}`;

/** The same from the rollup on in which the period begins. */
export const rollupsSince = (resolution: Resolution, who: string): Rows =>
  `transport_rollups r WHERE r.transport_id = t.id AND ${ofResolution(resolution, who)}
    AND r.bucket >= date_bin('${resolution} seconds', $2, 'epoch') AND r.bucket < $3`;

/**
 * What a query says of each transport `t` of a subject. OFFSET 0 keeps PostgreSQL at looking for one transport after another, by the
 * primary key: for more than a few it would rather read whatever was kept in a month.
 */
export function ofEachTransport(kind: Whose, query: string): Rows {
  const { tables, where } = transports[kind];
  return `${tables} CROSS JOIN LATERAL (${query} OFFSET 0) r WHERE ${where}`;
}

const inPeriod = (resolution: Resolution, who: string) =>
  `${ofResolution(resolution, who)} AND r.bucket >= $2 AND r.bucket < $3`;

const ofResolution = (resolution: Resolution, who: string) =>
  `r.resolution_s = ${resolution} AND r.reporter IN (${who})`;

/**
 * The samples of a subject, each cut to the steps that it lies in: it counts for each by its share.
 *
 * @param step In seconds.
 * @param columns Of rollups: those that are made. Of participants, `participant_id` is there too.
 */
export function cutSamples(kind: Whose, step: number, columns: readonly string[], who: string): Rows {
  const { tables, where } = transports[kind];
  const transport = kind === 'track' ? 't.transport_id' : 't.id';
  const every = `interval '${step} seconds'`;
  const began = `q.ended_at - q.interval_ms * interval '1 ms'`;
  const owner = kind === 'participants' ? ['participant_id'] : [];
  return `(
      SELECT ${['q.reporter', 'step.bucket', 'cut.first_at', 'cut.last_at', ...owner, ...columns.map(shareOf)].join(', ')}
      FROM (
        SELECT ${['q.*', ...owner].join(', ')} FROM ${tables} CROSS JOIN LATERAL (
          SELECT * FROM quality_samples q
          WHERE q.transport_id = ${transport} AND q.track_id = t.id AND q.reporter IN (${who})
            AND q.ended_at > $2 AND q.ended_at < $3::timestamptz + ${LONGEST_SAMPLE} OFFSET 0
        ) q WHERE ${where}
      ) q
      CROSS JOIN LATERAL generate_series(
        greatest(date_bin(${every}, ${began}, 'epoch'), $2::timestamptz),
        least(q.ended_at, $3) - interval '1 us',
        ${every}
      ) AS step (bucket)
      CROSS JOIN LATERAL (
        SELECT first_at, last_at, date_part('epoch', last_at - first_at) * 1000 AS ms
        FROM (
          SELECT greatest(${began}, step.bucket) AS first_at, least(q.ended_at, step.bucket + ${every}) AS last_at
        ) ends
      ) cut
    ) r WHERE true`;
}

function shareOf(column: string): string {
  const [, gauge, part] = /^(.*)_(sum|weight)$/.exec(column) ?? [];
  if (gauge === undefined) return `q.${column} * cut.ms / q.interval_ms AS ${column}`;
  const value = part === 'sum' ? `q.${gauge} * cut.ms` : `CASE WHEN q.${gauge} IS NOT NULL THEN cut.ms END`;
  return `${value} AS ${column}`;
}
