import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import { Exactly, Id } from '../protocol/model.ts';
import { isUuid } from '../rooms/uuid.ts';
import { fields, trackFields } from '../stats/fields.ts';
import { seriesOf } from '../stats/asking/series.ts';
import type { Subject } from '../stats/asking/stats-records.ts';
import { pointsOf, stepsFor, type Period } from '../stats/steps.ts';
import { refusals } from './answers.ts';
import { fromDatabase } from './database.ts';
import { RoomPath } from './room-access.ts';
import { ref } from './schemas.ts';
import { fromStatistics, readRoom, refuseStrangers, roomSubject, type StatsSources } from './stats-access.ts';
import {
  FigureSeries,
  ParticipantStats,
  PathAnswer,
  PathChangeAnswer,
  pathChange,
  PercentileSeries,
  RoomStats,
  sendSeries,
  seriesAnswer,
  seriesContent,
  Track,
  TransportOf,
  TransportStats,
  UserStats,
} from './stats-answers.ts';
import {
  fieldsIn,
  formatOf,
  percentilesIn,
  periodIn,
  SeriesQuery,
  TransportSeriesQuery,
  type SeriesInQuery,
} from './stats-query.ts';
import { selfOr, User } from './streams.ts';

/** Of all figures together in an answer: what is more would hold up everybody else while it is written. */
export const VALUES_MAX = 200_000;

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** How long a period may be made of samples: there are many, of a room above all. */
export const SAMPLED_MAX_MS: Record<Subject['kind'], number> = {
  room: HOUR_MS,
  roomWithout: HOUR_MS,
  user: HOUR_MS,
  participant: 3 * HOUR_MS,
  transport: 3 * HOUR_MS,
  track: DAY_MS,
};

/** How long a period may have percentiles: they are made of every participant's shortest rollups. */
const PERCENTILES_MAX_MS = DAY_MS + HOUR_MS;

const ParticipantPath = Exactly({ participantId: Id });
const TransportPath = Exactly({ transportId: Id });

const WHO = 'By the grant `statsRead` or `roomAdmin`, and for those who are or were in that room';

/** What a series is of, and what its answer says of that. */
interface Asked {
  subject: Subject;
  /** Where the query says none. */
  period: Period;
  about: object;
  /** Whose media's way is told as well; undefined: nobody's. */
  pathsOf: Subject | undefined;
}

/**
 * `/rooms/{id}/stats`, `/participants/{participantId}/stats`, `/transports/{transportId}/stats`, `/users/{id}/stats`: figures
 * by time, for charts or as CSV.
 */
export function registerStats(api: FastifyInstance, sources: StatsSources, config: Config): void {
  const { stats, turns, records } = sources;

  const answer = async (
    request: FastifyRequest<{ Querystring: SeriesInQuery }>,
    reply: FastifyReply,
    { subject, period, about, pathsOf }: Asked,
  ) => {
    const { query, headers } = request;
    const format = formatOf(query, headers.accept);
    const isTrack = subject.kind === 'track';
    const asked = fieldsIn(query, isTrack ? trackFields : fields);
    const percentiles = percentilesIn(query);
    const { reporter = 'server' } = query;
    const { from, to } = periodIn(query);
    const steps = stepsFor({
      period: { from: from ?? period.from, to: to ?? period.to },
      step: query.step,
      samplesSince: Date.now() - config.STATS_SAMPLE_DAYS * DAY_MS,
      sampledMax: SAMPLED_MAX_MS[subject.kind],
      onlySamples: isTrack,
    });
    if (percentiles.length > 0 && steps.resolution === 1) {
      throw new AppError(
        'bad_request',
        `Percentiles are of values of 15 s each: there are none ${isTrack ? 'of a track' : `in steps of ${steps.step} s`}. ` +
          `Leave \`percentiles\` out${isTrack ? '' : ', or ask for step=15 or more'}.`,
      );
    }
    if (percentiles.length > 0 && steps.to - steps.from > PERCENTILES_MAX_MS) {
      throw new AppError(
        'bad_request',
        'Percentiles are made of every participant’s values of 15 s, for a day at most. Ask for a shorter period, or leave `percentiles` out.',
      );
    }
    const values = pointsOf(steps) * asked.length * (1 + percentiles.length);
    if (values > VALUES_MAX) {
      throw new AppError(
        'bad_request',
        `This would be ${values} values, and ${VALUES_MAX} are the most. Ask for a longer step, a shorter period, fewer \`fields\` or \`percentiles\`.`,
      );
    }
    const asking = { subject, reporter, steps, fields: asked, percentiles };
    const [known, spread, paths] = await Promise.all([
      fromStatistics(request, turns, () => stats.series(asking)),
      percentiles.length > 0 ? fromStatistics(request, turns, () => stats.percentiles(asking)) : undefined,
      pathsOf && format === 'json'
        ? fromStatistics(request, turns, () => stats.paths(pathsOf, steps))
        : undefined,
    ]);
    const made = seriesOf(steps, asked, known, spread && { asked: percentiles, known: spread });
    return sendSeries(
      reply,
      format,
      { ...about, paths: paths?.map(pathChange) },
      seriesAnswer(steps, query.step, reporter, made),
    );
  };

  for (const schema of [FigureSeries, PercentileSeries, PathAnswer, PathChangeAnswer, TransportOf, Track]) {
    api.addSchema(schema);
  }
  for (const schema of [RoomStats, ParticipantStats, TransportStats, UserStats]) api.addSchema(schema);

  api.get<{ Params: Static<typeof RoomPath>; Querystring: SeriesInQuery }>(
    '/rooms/:id/stats',
    {
      schema: {
        operationId: 'getRoomStats',
        summary: 'Reads what a room’s calls were like, by time',
        description: `${WHO}. Without \`from\` and \`to\`: all of its session.`,
        tags: ['stats'],
        params: RoomPath,
        querystring: SeriesQuery,
        response: { 200: seriesContent(ref(RoomStats)), ...refusals('forbidden', 'not_found') },
      },
      onRequest: byAnybody,
    },
    async (request, reply) => {
      const reading = await readRoom(request, sources);
      const { session } = reading;
      return answer(request, reply, {
        subject: await roomSubject(request, sources, reading),
        period: { from: session.startedAt.getTime(), to: session.endedAt?.getTime() ?? Date.now() },
        about: { roomId: session.id, roomName: session.roomName },
        pathsOf: undefined,
      });
    },
  );

  api.get<{ Params: Static<typeof ParticipantPath>; Querystring: SeriesInQuery }>(
    '/participants/:participantId/stats',
    {
      schema: {
        operationId: 'getParticipantStats',
        summary: 'Reads what a participant’s call was like, by time',
        description: `${WHO}. Without \`from\` and \`to\`: from when they came until they left.`,
        tags: ['stats'],
        params: ParticipantPath,
        querystring: SeriesQuery,
        response: { 200: seriesContent(ref(ParticipantStats)), ...refusals('forbidden', 'not_found') },
      },
      onRequest: byAnybody,
    },
    async (request, reply) => {
      const { participantId } = request.params;
      const known = isUuid(participantId)
        ? await fromStatistics(request, turns, () => stats.participant(participantId))
        : undefined;
      const session = known && (await fromDatabase(request, records.session(known.sessionId)));
      const missing = `There is no participant ${participantId}, and never was.`;
      const { asMember } = await refuseStrangers(request, sources, session, missing, known);
      if (!known) throw new AppError('not_found', missing);
      const { userId, displayName, joinedAt, leftAt, transports } = known;
      const mayKnow = !asMember || userId === requireIdentity(request).userId;
      const subject: Subject = { kind: 'participant', participantId };
      return answer(request, reply, {
        subject,
        period: { from: joinedAt.getTime(), to: leftAt?.getTime() ?? Date.now() },
        about: {
          participantId,
          roomId: known.sessionId,
          userId: mayKnow ? userId : undefined,
          displayName,
          transports,
        },
        pathsOf: subject,
      });
    },
  );

  api.get<{ Params: Static<typeof TransportPath>; Querystring: SeriesInQuery & { track?: string } }>(
    '/transports/:transportId/stats',
    {
      schema: {
        operationId: 'getTransportStats',
        summary: 'Reads what a transport, or one of its tracks, carried, by time',
        description:
          `${WHO}. Without \`from\` and \`to\`: all that was measured; of a track, the last 24 hours of that. A track also has the ` +
          'figures `spatialLayer` and `temporalLayer`, where it is a consumer.',
        tags: ['stats'],
        params: TransportPath,
        querystring: TransportSeriesQuery,
        response: { 200: seriesContent(ref(TransportStats)), ...refusals('forbidden', 'not_found') },
      },
      onRequest: byAnybody,
    },
    async (request, reply) => {
      const { transportId } = request.params;
      const known = isUuid(transportId)
        ? await fromStatistics(request, turns, () => stats.transport(transportId))
        : undefined;
      const session = known && (await fromDatabase(request, records.session(known.sessionId)));
      const missing = `There is no transport ${transportId} of which anything is kept.`;
      const whose =
        known && (await fromStatistics(request, turns, () => stats.participant(known.participantId)));
      await refuseStrangers(request, sources, session, missing, whose);
      if (!known) throw new AppError('not_found', missing);
      const { participantId, sessionId: roomId, direction, measured, tracks } = known;
      const { track: trackId } = request.query;
      if (trackId !== undefined && !tracks.some(({ id }) => id === trackId)) {
        throw new AppError(
          'not_found',
          `Transport ${transportId} has no track ${trackId}: see \`tracks\` without it.`,
        );
      }
      const whole: Subject = { kind: 'transport', transportId };
      const lastDay = (periodIn(request.query).to ?? measured.to) - DAY_MS;
      const ofTrack = { from: Math.max(measured.from, lastDay), to: measured.to };
      return answer(request, reply, {
        subject: trackId === undefined ? whole : { kind: 'track', trackId },
        period: trackId === undefined ? measured : ofTrack,
        about: { transportId, trackId, participantId, roomId, direction, tracks },
        pathsOf: whole,
      });
    },
  );

  api.get<{ Params: Static<typeof User>; Querystring: SeriesInQuery }>(
    '/users/:id/stats',
    {
      schema: {
        operationId: 'getUserStats',
        summary: 'Reads what a user’s calls were like, by time',
        description:
          'For the user, or by the grant `statsRead` for every room. All calls together; without `from` and `to`: the last 24 hours.',
        tags: ['stats'],
        params: User,
        querystring: SeriesQuery,
        response: { 200: seriesContent(ref(UserStats)), ...refusals('forbidden') },
      },
      onRequest: selfOr('statsRead'),
    },
    async (request, reply) => {
      const { id: userId } = request.params;
      const to = periodIn(request.query).to ?? Date.now();
      return answer(request, reply, {
        subject: { kind: 'user', userId },
        period: { from: to - DAY_MS, to },
        about: { userId },
        pathsOf: undefined,
      });
    },
  );
}

/** Lets in who is known at all: whether they may read this, the handler says, who knows which room it is of. */
export function byAnybody(request: FastifyRequest, _reply: FastifyReply, next: () => void): void {
  requireIdentity(request);
  next();
}
