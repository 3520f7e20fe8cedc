import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import { choice, Id, RoomName } from '../protocol/model.ts';
import { scoredFields, scoresOf } from '../stats/asking/scores.ts';
import { columnsOf, timeOf } from '../stats/asking/series.ts';
import { scoreReasons } from '../stats/score/score.ts';
import { pointsOf, type Steps } from '../stats/steps.ts';
import { answer, refusals } from './answers.ts';
import { RoomPath } from './room-access.ts';
import { named, Query, ref, Time } from './schemas.ts';
import { fromStatistics, readRoom, type StatsSources } from './stats-access.ts';
import { Column } from './stats-answers.ts';
import { MINUTES_HOURS_MAX, minutesIn, period as moments } from './stats-query.ts';
import { byAnybody, VALUES_MAX } from './stats.ts';

const MINUTE_S = 60;
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
    description: `Who came first, first; at most ${PARTICIPANTS_MAX}.`,
  }),
  isComplete: Type.Boolean({
    description: `False: there were more than ${PARTICIPANTS_MAX} participants, and the others are not here. Ask for a shorter period.`,
  }),
});

/** `/rooms/{id}/scores`: a score per participant and minute, and what pulled it down. */
export function registerStatsScores(api: FastifyInstance, sources: StatsSources): void {
  const { stats } = sources;
  for (const schema of [Participant, RoomScores]) api.addSchema(schema);
  api.get<{ Params: Static<typeof RoomPath>; Querystring: { from?: string; to?: string } }>(
    '/rooms/:id/scores',
    {
      schema: {
        operationId: 'getRoomScores',
        summary: 'Scores what a room’s calls were like, per participant and minute',
        description:
          'By the grant `statsRead` or `roomAdmin`, and for those who are or were in that room: they see nobody who is hidden, ' +
          `and no user ids but their own. Without \`from\` and \`to\`: all of its session, or its last ${MINUTES_HOURS_MAX} hours. ` +
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
      const period = minutesIn(request.query, whole);
      const steps: Steps = { ...period, step: MINUTE_S, resolution: MINUTE_S };
      const count = pointsOf(steps);
      const { userId: own } = requireIdentity(request);
      const all = await fromStatistics(request, stats.present(id, period, PARTICIPANTS_MAX + 1));
      const people = all
        // Others are not told of who is hidden.
        .filter(({ hidden, userId }) => !asMember || !hidden || userId === own)
        .slice(0, PARTICIPANTS_MAX);
      refuseTooMany(people.length, count);
      const participantIds = people.map((one) => one.id);
      const asked = {
        sessionId: id,
        participantIds,
        reporter: 'server',
        steps,
        fields: scoredFields,
      } as const;
      const known = await fromStatistics(request, stats.seriesOfEach(asked));
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
        isComplete: all.length <= PARTICIPANTS_MAX,
      };
    },
  );
}

function refuseTooMany(people: number, minutes: number): void {
  const values = people * minutes * COLUMNS;
  if (values <= VALUES_MAX) return;
  throw new AppError(
    'bad_request',
    `This would be ${values} values, ${COLUMNS} for each of ${minutes} minutes of ${people} participants, and ${VALUES_MAX} are ` +
      `the most. Send \`from\` and \`to\` that are at most ${Math.floor(VALUES_MAX / COLUMNS / people)} minutes apart.`,
  );
}
