import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import { choice, Id, RoomName } from '../protocol/model.ts';
import { troubles } from '../stats/asking/minute.ts';
import { LOOKED_AT_MAX, rank, rankings, type RankedSession, thoseThatFit } from '../stats/asking/ranking.ts';
import { severities } from '../stats/asking/verdict.ts';
import { answer, refusals } from './answers.ts';
import { refuseOtherRoom, refuseRemoved } from './room-access.ts';
import { named, Query, ref, Time } from './schemas.ts';
import { fromStatistics, type StatsSources } from './stats-access.ts';
import { moment, periodIn } from './stats-query.ts';
import { byAnybody, DAY_MS } from './stats.ts';

const MINUTE_MS = 60_000;
/** Where it is too much for the database. */
const ADVICE = 'a shorter period';
const DAYS_MAX = 31;
const SESSIONS_MAX = 1_000;
const LIMIT_MAX = 200;
const LIMIT = 50;

const WorstOff = named('WorstOff', 'For whom a call was worst.', {
  participantId: Id,
  displayName: Type.String(),
  reasons: Type.Array(choice(troubles), { description: 'Why, the longest first.' }),
});

const RankedRoom = named('RankedRoom', 'A session of a room, and what people noticed in it.', {
  id: Id,
  name: RoomName,
  startedAt: Time('When it was opened.'),
  endedAt: Type.Optional(Time('When it was closed; without it, it is open.')),
  participantCount: Type.Integer({ description: 'Who were there at all.' }),
  measuredMinutes: Type.Integer({
    description: 'Minutes of that time in which something is known, of all participants together.',
  }),
  noticeableMinutes: Type.Integer({ description: 'Those of them that were noticeable, and not bad.' }),
  badMinutes: Type.Integer({ description: 'Those that were bad.' }),
  severity: choice(severities, 'How bad it was for whom it was worst.'),
  worst: Type.Optional(ref(WorstOff)),
});

const RoomRanking = named('RoomRanking', 'Sessions that were open in a time, and somebody in them.', {
  from: Time('When the first minute that is looked at begins.'),
  to: Time('When the last one ends.'),
  order: choice(rankings, 'How they are ordered.'),
  rooms: Type.Array(ref(RankedRoom)),
  isComplete: Type.Boolean({
    description: `False: there were more than ${SESSIONS_MAX} sessions, or ${LOOKED_AT_MAX} minutes of participants, and some were not looked at. Ask for a shorter period.`,
  }),
});

const Asked = Query({
  from: moment('When the period begins, by ISO 8601; without it, a day before its end.'),
  to: moment('When it ends; without it, now.'),
  order: Type.Optional(
    choice(
      rankings,
      'By most bad minutes, then most noticeable ones (so it is without it), or the latest first.',
    ),
  ),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: LIMIT_MAX, description: `How many at most; without it, ${LIMIT}.` }),
  ),
  name: Type.Optional(RoomName),
});

/** `/quality/rooms`: which calls were bad. */
export function registerStatsRooms(api: FastifyInstance, { stats, turns, removals }: StatsSources): void {
  for (const schema of [WorstOff, RankedRoom, RoomRanking]) api.addSchema(schema);
  api.get<{ Querystring: Static<typeof Asked> }>(
    '/quality/rooms',
    {
      schema: {
        operationId: 'listRoomsByQuality',
        summary: 'Lists the rooms that were open in a time, the worst first',
        description:
          'By the grant `statsRead`: all rooms, or the one that the token is for; by `roomAdmin` for one room: all of that room, too. ' +
          'Without these: the sessions in which one is or was. Sessions that nobody was in are left out. ' +
          `Without \`from\` and \`to\`: the last 24 hours; at most ${DAYS_MAX} days.`,
        tags: ['stats'],
        querystring: Asked,
        response: { 200: answer(ref(RoomRanking), 'The list.'), ...refusals('forbidden') },
      },
      onRequest: byAnybody,
    },
    async (request) => {
      const { order = 'worst', limit = LIMIT, name } = request.query;
      const identity = requireIdentity(request);
      const { room: only, statsRead, roomAdmin } = identity.grants;
      if (name !== undefined) {
        refuseOtherRoom(request, name);
        refuseRemoved(request, name, removals);
      }
      const { userId } = identity;
      const asMember = statsRead || roomAdmin ? undefined : userId;
      const mayReadAll = statsRead || (roomAdmin && only !== undefined);
      const period = periodOf(periodIn(request.query));
      const filter = { roomName: name ?? only, member: mayReadAll ? undefined : userId, asMember };
      const found = await fromStatistics(
        request,
        turns,
        () => stats.openedSessions(period, filter, SESSIONS_MAX + 1),
        ADVICE,
      );
      const readable = found.filter(({ roomName }) => !removals.isBarred(identity, roomName));
      const most = readable.slice(0, order === 'latest' ? limit : SESSIONS_MAX);
      const sessions = thoseThatFit(most);
      const ids = sessions.map(({ id }) => id);
      const noticed = await fromStatistics(
        request,
        turns,
        () => stats.troubleIn(ids, period, asMember),
        ADVICE,
      );
      return {
        from: new Date(period.from),
        to: new Date(period.to),
        order,
        rooms: rank(sessions, noticed, order).slice(0, limit).map(describe),
        isComplete: found.length <= SESSIONS_MAX && sessions.length === most.length,
      };
    },
  );
}

/** Whole minutes. @throws {AppError} `bad_request` where the period is too long, or ends before it begins. */
function periodOf(asked: { from: number | undefined; to: number | undefined }) {
  const end = asked.to ?? Date.now();
  const to = Math.ceil(end / MINUTE_MS) * MINUTE_MS;
  const from = Math.floor((asked.from ?? end - DAY_MS) / MINUTE_MS) * MINUTE_MS;
  if (from <= to && to - from <= DAYS_MAX * DAY_MS + MINUTE_MS) return { from, to };
  throw new AppError(
    'bad_request',
    `Rooms are listed of at most ${DAYS_MAX} days, and this would be from ${new Date(from).toISOString()} to ` +
      `${new Date(to).toISOString()}. Send \`from\` and \`to\` that are closer, the earlier one first.`,
  );
}

const describe = (one: RankedSession) => ({
  id: one.id,
  name: one.roomName,
  startedAt: one.startedAt,
  endedAt: one.endedAt,
  participantCount: one.participantCount,
  measuredMinutes: one.measuredMinutes,
  noticeableMinutes: one.noticeableMinutes,
  badMinutes: one.badMinutes,
  severity: one.severity,
  worst: one.worst,
});
