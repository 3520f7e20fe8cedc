import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import { choice, Id, RoomName } from '../protocol/model.ts';
import { scoredFields, scoresOf } from '../stats/asking/scores.ts';
import { columnsOf, timeOf } from '../stats/asking/series.ts';
import { scoreReasons } from '../stats/score/score.ts';
import { pointsOf, type Period, type Steps } from '../stats/steps.ts';
import { answer, refusals } from './answers.ts';
import { RoomPath } from './room-access.ts';
import { named, Query, ref, Time } from './schemas.ts';
import { fromStatistics, readRoom, type StatsSources } from './stats-access.ts';
import { Column } from './stats-answers.ts';
import { MINUTES_HOURS_MAX, minutesIn, period as moments } from './stats-query.ts';
import { byAnybody, VALUES_MAX } from './stats.ts';

const MINUTE_S = 60;
const MINUTE_MS = MINUTE_S * 1000;
const PARTICIPANTS_MAX = 500;
/** What each participant has for a minute. */
const COLUMNS = 4;

const Participant = named('ParticipantScores', 'What a call was like for somebody, by the minute.', {
  participantId: Id,
  userId: Type.Optional(Type.String({ description: 'For those with a grant, and for oneself.' })),
  displayName: Type.String(),
  score: Type.Unsafe<(number | null)[]>({
    ...Column,
    description: 'The worse of both, from 1, bad, to 4.5, excellent; null where nothing can be judged.',
  }),
  audio: Type.Unsafe<(number | null)[]>({
    ...Column,
    description: 'The worse of how others hear them, and how they hear.',
  }),
  video: Type.Unsafe<(number | null)[]>({ ...Column, description: 'How they see others.' }),
  reason: Type.Array(
    Type.Union([choice(scoreReasons, 'What cost the worse one of both most.'), Type.Null()]),
    { description: 'Null where the score is good (4 or more), or there is none.' },
  ),
  mean: Type.Optional(Type.Number({ description: 'Of all minutes that have a score.' })),
  lowest: Type.Optional(Type.Number()),
});

const RoomScores = named('RoomScores', 'What a room’s calls were like for everybody: by time, in columns.', {
  roomId: Id,
  roomName: RoomName,
  from: Time('When the first minute begins.'),
  to: Time('When the last one ends.'),
  step: Type.Integer({ description: 'Seconds between two points: 60.' }),
  time: Type.Array(Type.Integer(), { description: 'When each minute begins, in seconds since the epoch.' }),
  participants: Type.Array(ref(Participant), {
    description: `Who came first, first; at most ${PARTICIPANTS_MAX}, those who were there longest.`,
  }),
  isComplete: Type.Boolean({
    description: `False: there were more than ${PARTICIPANTS_MAX} participants, and the others are not here. Ask for a shorter period.`,
  }),
});

/** `/rooms/{id}/scores`: a score per participant and minute, and what pulled it down. */
export function registerStatsScores(api: FastifyInstance, sources: StatsSources): void {
  const { stats, turns } = sources;
  for (const schema of [Participant, RoomScores]) api.addSchema(schema);
  api.get<{ Params: Static<typeof RoomPath>; Querystring: { from?: string; to?: string } }>(
    '/rooms/:id/scores',
    {
      schema: {
        operationId: 'getRoomScores',
        summary: 'Scores what a room’s calls were like, per participant and minute',
        description:
          'By the grant `statsRead` or `roomAdmin`, and for those who are or were in that room: they see nobody who is hidden, ' +
          `and no user ids but their own. Without \`from\`: all of its session, or its last ${MINUTES_HOURS_MAX} hours, or as many of its last minutes as there may be values. ` +
          'Sound is judged by ITU-T G.107, pictures by how they stood still, their frame rate and their resolution.',
        tags: ['stats'],
        params: RoomPath,
        querystring: Query(moments),
        response: { 200: answer(ref(RoomScores), 'The scores.'), ...refusals('forbidden', 'not_found') },
      },
      onRequest: byAnybody,
    },
    async (request) => {
      const { session, asMember } = await readRoom(request, sources);
      const { id, roomName, startedAt, endedAt } = session;
      const whole = { from: startedAt.getTime(), to: endedAt?.getTime() ?? Date.now() };
      const { userId: own } = requireIdentity(request);
      const presentIn = async (period: Period) => {
        const present = () => stats.present(id, period, PARTICIPANTS_MAX);
        const { people, isEverybody } = await fromStatistics(request, turns, present);
        // Others are not told of who is hidden.
        const seen = people.filter(({ hidden, userId }) => !asMember || !hidden || userId === own);
        return { period, people: seen, isEverybody };
      };
      const asked = await presentIn(minutesIn(request.query, whole));
      const { period, people, isEverybody } =
        request.query.from === undefined && !fits(asked.people.length, asked.period)
          ? await presentIn(lastThatFit(asked.people.length, asked.period))
          : asked;
      refuseTooMany(people.length, period);
      const steps: Steps = { ...period, step: MINUTE_S, resolution: MINUTE_S };
      const count = pointsOf(steps);
      const participantIds = people.map((one) => one.id);
      const wanted = {
        sessionId: id,
        participantIds,
        reporter: 'server',
        steps,
        fields: scoredFields,
      } as const;
      const known = await fromStatistics(request, turns, () => stats.seriesOfEach(wanted));
      return {
        roomId: id,
        roomName,
        from: new Date(steps.from),
        to: new Date(steps.to),
        step: steps.step,
        time: timeOf(steps),
        participants: people.map(({ id: participantId, userId, displayName }) => {
          const minutes = known.get(participantId) ?? { indexes: [], columns: [] };
          return {
            participantId,
            userId: !asMember || userId === own ? userId : undefined,
            displayName,
            ...scoresOf(count, columnsOf(steps, scoredFields, minutes)),
          };
        }),
        isComplete: isEverybody,
      };
    },
  );
}

const minutesOf = ({ from, to }: Period) => (to - from) / MINUTE_MS;
const valuesOf = (people: number, period: Period) => people * minutesOf(period) * COLUMNS;
const fits = (people: number, period: Period) => valuesOf(people, period) <= VALUES_MAX;
const mostMinutes = (people: number) => Math.floor(VALUES_MAX / COLUMNS / people);

/** The end of a period for which so many people are not too many. */
const lastThatFit = (people: number, { to }: Period): Period => ({
  from: to - mostMinutes(people) * MINUTE_MS,
  to,
});

function refuseTooMany(people: number, period: Period): void {
  if (fits(people, period)) return;
  throw new AppError(
    'bad_request',
    `This would be ${valuesOf(people, period)} values, ${COLUMNS} for each of ${minutesOf(period)} minutes of ${people} participants, and ` +
      `${VALUES_MAX} are the most. Send \`from\` and \`to\` that are at most ${mostMinutes(people)} minutes apart.`,
  );
}
