import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import { choice, Direction, Id, RoomName, TrackSource } from '../protocol/model.ts';
import { columnsOf, timeOf } from '../stats/asking/series.ts';
import type { PresentParticipant } from '../stats/asking/stats-records.ts';
import {
  CHANGES_MAX,
  eventsIn,
  LAYERS_MINUTES_MAX,
  layersPeriod,
  pathsResolution,
  timelineFields,
} from '../stats/asking/timeline.ts';
import { fields, type Field } from '../stats/fields.ts';
import { longerSteps, pointsOf, stepsFor, type StepRequest, type Steps } from '../stats/steps.ts';
import { answer, refusals } from './answers.ts';
import { RoomPath } from './room-access.ts';
import { named, ref, Time } from './schemas.ts';
import { fromStatistics, readRoom, type StatsSources } from './stats-access.ts';
import { FigureSeries, pathProperties, seriesTime, timeAnswer } from './stats-answers.ts';
import { fieldsIn, periodIn, TimelineQuery, type SeriesInQuery } from './stats-query.ts';
import { byAnybody, DAY_MS, SAMPLED_MAX_MS, VALUES_MAX } from './stats.ts';

const PARTICIPANTS_MAX = 200;

/** Of how many rollups a timeline is made whose step nobody has asked for; somebody has two transports, as a rule. */
const ROLLUPS_MAX = 100_000;
const TRANSPORTS = 2;

const Layer = (description: string) => Type.Integer({ minimum: 0, description });

const happened = { at: Time('When.'), participantId: Id };

const Joined = named('JoinedEvent', 'Somebody came.', { ...happened, type: choice(['joined']) });

const Left = named('LeftEvent', 'Somebody left.', {
  ...happened,
  type: choice(['left']),
  reason: Type.Optional(Type.String({ description: 'Why.' })),
});

const PathEvent = named('PathEvent', 'The media of a transport goes a way from now on.', {
  at: Time('When, as exactly as the resolution has it.'),
  participantId: Id,
  type: choice(['path']),
  transportId: Id,
  direction: Direction,
  ...pathProperties,
});

const LayersEvent = named('LayersEvent', 'Which simulcast layers somebody gets of a video from now on.', {
  at: Time('When the first sample that has them began.'),
  participantId: Id,
  type: choice(['layers']),
  trackId: Type.String({ description: 'The consumer.' }),
  source: TrackSource,
  publisherId: Type.Optional(Type.String({ description: 'The participant who is received, where known.' })),
  spatialLayer: Layer('0 is the smallest.'),
  temporalLayer: Layer('0 is the slowest.'),
});

const events = [Joined, Left, PathEvent, LayersEvent];

const TimelineParticipant = named('TimelineParticipant', 'Somebody who was there, and their figures.', {
  participantId: Id,
  userId: Type.Optional(Type.String({ description: 'For those with a grant, and for oneself.' })),
  displayName: Type.String(),
  joinedAt: Time('When they came.'),
  leftAt: Type.Optional(Time('When they left; without it, they are there.')),
  leaveReason: Type.Optional(Type.String({ description: 'Why.' })),
  fields: ref(FigureSeries),
});

const RoomTimeline = named('RoomTimeline', 'Everybody’s figures on one time axis, and what happened.', {
  roomId: Id,
  roomName: RoomName,
  startedAt: Time('When the room was opened.'),
  endedAt: Type.Optional(Time('When it was closed; without it, it is open.')),
  ...seriesTime,
  participants: Type.Array(ref(TimelineParticipant), {
    description: `Those who were there in that time, who came first, first; at most ${PARTICIPANTS_MAX}, who were there longest.`,
  }),
  events: Type.Array(Type.Union(events.map((one) => ref(one))), {
    description:
      'Who came and left, each change of the way of a transport, and of the layers of a video that is received (while samples ' +
      'are kept), in order of time. The first of each that is known in that time is told as well.',
  }),
  isComplete: Type.Boolean({
    description:
      `False: there were more than ${PARTICIPANTS_MAX} participants, or ${CHANGES_MAX} changes, or layers of more than ` +
      `${LAYERS_MINUTES_MAX} minutes of participants, and not all are told: those who were there longest, and the first changes. Ask for a shorter period.`,
  }),
});

/** `/rooms/{id}/timeline`: what a page of charts shows of a call. */
export function registerStatsTimeline(api: FastifyInstance, sources: StatsSources, config: Config): void {
  const { stats, turns } = sources;
  for (const schema of [...events, TimelineParticipant, RoomTimeline]) api.addSchema(schema);
  api.get<{ Params: Static<typeof RoomPath>; Querystring: SeriesInQuery }>(
    '/rooms/:id/timeline',
    {
      schema: {
        operationId: 'getRoomTimeline',
        summary: 'Reads everybody’s figures by time, and what happened in a room',
        description:
          'By the grant `statsRead` or `roomAdmin`, and for those who are or were in that room: they see nobody who is hidden, ' +
          `and no user ids but their own. Without \`from\` and \`to\`: all of its session. Of all participants together there may be ${VALUES_MAX} values.`,
        tags: ['stats'],
        params: RoomPath,
        querystring: TimelineQuery,
        response: {
          200: answer(ref(RoomTimeline), 'The timeline.'),
          ...refusals('forbidden', 'not_found'),
        },
      },
      onRequest: byAnybody,
    },
    async (request) => {
      const { session, asMember } = await readRoom(request, sources);
      const { id: sessionId, roomName, startedAt, endedAt } = session;
      const { query } = request;
      const asked = query.fields === undefined ? [...timelineFields] : fieldsIn(query, fields);
      const { reporter = 'server' } = query;
      const { from, to } = periodIn(query);
      const wanted: StepRequest = {
        period: { from: from ?? startedAt.getTime(), to: to ?? endedAt?.getTime() ?? Date.now() },
        step: query.step,
        samplesSince: Date.now() - config.STATS_SAMPLE_DAYS * DAY_MS,
        sampledMax: SAMPLED_MAX_MS.room,
      };
      const { userId: own } = requireIdentity(request);
      const presentIn = async (period: Steps) => {
        const present = () => stats.present(sessionId, period, PARTICIPANTS_MAX);
        const { people, isEverybody } = await fromStatistics(request, turns, present);
        // Others are not told of who is hidden.
        const seen = people.filter(({ hidden, userId }) => !asMember || !hidden || userId === own);
        return { people: seen, isEverybody };
      };
      const first = stepsFor(wanted);
      const steps = stepsThatFit(wanted, first, (await presentIn(first)).people.length, asked);
      const { people, isEverybody } = await presentIn(steps);
      const among = { sessionId, participantIds: people.map(({ id }) => id) };
      const layered = layersPeriod(steps, people.length);
      const resolution = pathsResolution(steps, people.length);
      const [series, paths, layers] = await Promise.all([
        fromStatistics(request, turns, () =>
          stats.seriesOfEach({ ...among, reporter, steps, fields: asked }),
        ),
        fromStatistics(request, turns, () => stats.pathsOfEach(among, steps, resolution, CHANGES_MAX + 1)),
        fromStatistics(request, turns, () => stats.layersOfEach(among, layered, CHANGES_MAX + 1)),
      ]);
      const happened = eventsIn(steps, people, paths, layers);
      return {
        roomId: sessionId,
        roomName,
        startedAt,
        endedAt,
        ...timeAnswer(steps, query.step, reporter),
        time: timeOf(steps),
        participants: people.map((one) => ({
          ...describe(one, !asMember || one.userId === own),
          fields: columnsOf(steps, asked, series.get(one.id) ?? { indexes: [], columns: [] }),
        })),
        events: happened.events,
        isComplete: isEverybody && happened.isComplete && layered.to === steps.to,
      };
    },
  );
}

/**
 * The steps that are asked for; where none are, longer ones when these would be too many values, or made of too many rollups.
 *
 * @throws {AppError} `bad_request` where there would be too many values.
 */
function stepsThatFit(wanted: StepRequest, steps: Steps, people: number, asked: readonly Field[]): Steps {
  const valuesOf = (one: Steps) => people * asked.length * pointsOf(one);
  const fits = (one: Steps) => valuesOf(one) <= VALUES_MAX;
  const isQuick = (one: Steps) =>
    (people * TRANSPORTS * (one.to - one.from)) / one.resolution / 1000 <= ROLLUPS_MAX;
  if (wanted.step === undefined && !(fits(steps) && isQuick(steps))) {
    const longer = longerSteps(wanted, steps, (one) => fits(one) && isQuick(one));
    if (longer) return longer;
  }
  const values = valuesOf(steps);
  if (values <= VALUES_MAX) return steps;
  const enough = longerSteps(wanted, steps, fits);
  throw new AppError(
    'bad_request',
    `This would be ${values} values (${people} participants, ${asked.length} figures, ${pointsOf(steps)} steps of ${steps.step} s), ` +
      `and ${VALUES_MAX} are the most. Ask for ${enough ? `step=${enough.step}, ` : ''}a shorter period, or fewer \`fields\`.`,
  );
}

const describe = (
  { id, userId, displayName, joinedAt, leftAt, leaveReason }: PresentParticipant,
  withUser: boolean,
) => ({
  participantId: id,
  userId: withUser ? userId : undefined,
  displayName,
  joinedAt,
  leftAt,
  leaveReason,
});
