import type { Pool } from 'pg';
import {
  fieldsOf,
  thresholds,
  troubleFields,
  troubles,
  type TroubleKind,
} from '../../stats/asking/minute.ts';
import type { StatsRecords } from '../../stats/asking/stats-records.ts';
import { FEW } from '../../stats/asking/verdict.ts';
import { judgedFigureOf, reportersOf } from './figures.ts';
import { periodValues, transportRollups } from './sources.ts';

interface OpenedRow {
  id: string;
  room_name: string;
  started_at: Date;
  ended_at: Date | null;
  participant_count: number;
  present_minutes: number;
}

type TroubleRow = Record<TroubleKind, number> & {
  session_id: string;
  measured: number;
  noticeable: number;
  bad: number;
  is_noticeable: boolean;
  participant_id: string;
  display_name: string;
};

/** Reads which sessions there were, and what was noticed in them. */
export function createRankingRecords(pool: Pool): Pick<StatsRecords, 'openedSessions' | 'troubleIn'> {
  return {
    async openedSessions(period, { roomName, member, asMember }, limit) {
      const { rows } = await pool.query<OpenedRow>(
        `SELECT s.id, s.room_name, s.started_at, s.ended_at, who.*
         FROM (
           SELECT s.*, rooms.name AS room_name FROM room_sessions s JOIN rooms ON rooms.id = s.room_id
           WHERE s.started_at < $2 AND (s.ended_at IS NULL OR s.ended_at > $1)
             AND ($3::text IS NULL OR s.room_id = (SELECT id FROM rooms WHERE name = $3))
             AND ($4::text IS NULL OR s.id IN (SELECT session_id FROM participants WHERE user_id = $4))
             AND EXISTS (
               SELECT FROM participants p WHERE p.session_id = s.id AND ${seenBy('$5')}
                 AND p.joined_at < $2 AND (p.left_at IS NULL OR p.left_at > $1)
             )
           ORDER BY s.started_at DESC, s.id DESC LIMIT $6
         ) s
         CROSS JOIN LATERAL (
           SELECT count(*)::int AS participant_count, coalesce(sum(greatest(0,
             date_part('epoch', least(coalesce(p.left_at, now()), $2) - greatest(p.joined_at, $1)) / 60
           )), 0) AS present_minutes
           FROM participants p WHERE p.session_id = s.id AND ${seenBy('$5')}
         ) who
         ORDER BY s.started_at DESC, s.id DESC`,
        [...periodValues(period), roomName, member, asMember, limit],
      );
      return rows.map((row) => ({
        id: row.id,
        roomName: row.room_name,
        startedAt: row.started_at,
        endedAt: row.ended_at ?? undefined,
        participantCount: row.participant_count,
        presentMinutes: row.present_minutes,
      }));
    },

    async troubleIn(sessionIds, period, asMember) {
      if (sessionIds.length === 0) return [];
      const { rows } = await pool.query<TroubleRow>(TROUBLE, [sessionIds, ...periodValues(period), asMember]);
      return rows.map((row) => ({
        sessionId: row.session_id,
        measured: row.measured,
        noticeable: row.noticeable,
        bad: row.bad,
        isNoticeable: row.is_noticeable,
        worst:
          row.bad + row.noticeable === 0
            ? undefined
            : {
                participantId: row.participant_id,
                displayName: row.display_name,
                minutesOf: {
                  up_loss: row.up_loss,
                  down_loss: row.down_loss,
                  rtt: row.rtt,
                  freezes: row.freezes,
                },
              },
      }));
    },
  };
}

/** Participants `p` of whom somebody may know; null: who may know of all. */
const seenBy = (user: string) => `(${user}::text IS NULL OR NOT p.hidden OR p.user_id = ${user})`;

const from =
  (level: 'noticeable' | 'bad') => (name: string, fields: readonly (typeof troubleFields)[number][]) =>
    `coalesce(${fields.map((field) => `f${troubleFields.indexOf(field)} >= ${thresholds[field][level]}`).join(' OR ')}, false) AS ${name}`;

/** Of each participant in each minute: which troubles there were, whether any, and whether one was bad. */
const NOTICED = [
  ...troubles.map((what) => from('noticeable')(what, fieldsOf[what])),
  from('noticeable')('is_noticed', troubleFields),
  from('bad')('is_bad', troubleFields),
];

const minutesWith = (condition: string, name: string) =>
  `count(*) FILTER (WHERE ${condition})::int AS ${name}`;

/** The sums of sessions, and for whom each was worst. */
const TROUBLE = `WITH minutes AS (
    SELECT session_id, participant_id, ${NOTICED.join(', ')} FROM (
      SELECT t.session_id, t.participant_id, ${troubleFields.map((field, n) => `${judgedFigureOf(field, 'server')} AS f${n}`).join(', ')}
      FROM ${transportRollups('sessions', 60, reportersOf(troubleFields, 'server'))}
      GROUP BY t.session_id, t.participant_id, r.bucket
    ) figures
  ), people AS (
    SELECT session_id, participant_id, count(*)::int AS measured,
      ${[
        minutesWith('is_bad', 'bad'),
        minutesWith('is_noticed AND NOT is_bad', 'noticeable'),
        ...troubles.map((what) => minutesWith(what, what)),
      ].join(', ')}
    FROM minutes GROUP BY 1, 2
  )
  SELECT DISTINCT ON (people.session_id) people.session_id, people.participant_id, p.display_name, ${troubles.join(', ')},
    (sum(measured) OVER whole)::int AS measured, (sum(noticeable) OVER whole)::int AS noticeable,
    (sum(bad) OVER whole)::int AS bad,
    bool_or(noticeable + bad >= least(${FEW.minutes}, greatest(1, measured * ${FEW.share}))) OVER whole AS is_noticeable
  FROM people JOIN participants p ON p.id = people.participant_id
  WHERE ${seenBy('$4')}
  WINDOW whole AS (PARTITION BY people.session_id)
  ORDER BY people.session_id, people.bad DESC, people.noticeable DESC, p.joined_at, p.id`;
