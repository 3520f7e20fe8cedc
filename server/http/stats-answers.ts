import type { FastifyReply } from 'fastify';
import { Type, type TProperties } from 'typebox';
import { choice, Direction, Id, MediaKind, RoomName, TrackSource } from '../protocol/model.ts';
import { trackFields } from '../stats/fields.ts';
import { reporters, type Reporter } from '../stats/sample.ts';
import { csvOf, type Series } from '../stats/asking/series.ts';
import type { PathChange } from '../stats/asking/stats-records.ts';
import { resolutions, type Steps } from '../stats/steps.ts';
import { named, ref, Time } from './schemas.ts';

const resolutionName = (resolution: number) => (resolution === 1 ? 'sample' : `${resolution}s`);

/** One value a step. */
export const Column = Type.Array(Type.Union([Type.Number(), Type.Null()]));

const each = <T>(names: readonly string[], one: (name: string) => T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, one(name)]));

export const FigureSeries = named(
  'FigureSeries',
  'Figures by their names, each with one value a step; null where nothing is known.',
  each(trackFields, () => Type.Optional(Column)),
);

export const PercentileSeries = named(
  'PercentileSeries',
  'Of each figure, by the percentiles, one value a step.',
  each(trackFields, () => Type.Optional(Type.Object({}, { additionalProperties: Column }))),
);

export const pathProperties = {
  protocol: choice(['udp', 'tcp'], 'By which the server is reached, or the relay.'),
  candidateType: Type.Optional(
    choice(
      ['host', 'srflx', 'prflx', 'relay'],
      'Of the browser’s end; `relay`: by TURN. None: the browser has not said it.',
    ),
  ),
};

export const PathAnswer = named('MediaPath', 'The way that media goes.', pathProperties);

export const PathChangeAnswer = named(
  'MediaPathChange',
  'From when on a transport’s media went another way.',
  {
    at: Time('When, as exactly as the resolution has it.'),
    transportId: Id,
    direction: Direction,
    ...pathProperties,
  },
);

export const TransportOf = named('TransportOf', 'A transport of somebody.', { id: Id, direction: Direction });

export const Track = named('Track', 'A producer, or a consumer, of a transport.', {
  id: Id,
  kind: MediaKind,
  source: TrackSource,
  producerId: Type.String({ description: 'Of a consumer, what it forwards; of a producer, its own id.' }),
});

/** What every answer with series says of their time. */
export const seriesTime = {
  from: Time('When the first step begins.'),
  to: Time('When the last step ends.'),
  step: Type.Integer({ description: 'Seconds between two points.' }),
  requestedStep: Type.Optional(
    Type.Integer({ description: 'The step that was asked for, where it was rounded up.' }),
  ),
  resolution: choice(
    resolutions.map(resolutionName),
    'What it is made of: samples as they came, or rollups of so many seconds.',
  ),
  reporter: choice(reporters, 'Who measured, where both did.'),
  time: Type.Array(Type.Integer(), { description: 'When each step begins, in seconds since the epoch.' }),
};

const series = {
  ...seriesTime,
  fields: ref(FigureSeries),
  percentiles: Type.Optional(ref(PercentileSeries)),
};

const withSeries = (name: string, description: string, properties: TProperties) =>
  named(name, `${description}: by time, in columns.`, { ...properties, ...series });

const paths = Type.Array(ref(PathChangeAnswer), {
  description: 'Each change of the way, the first one included.',
});

export const RoomStats = withSeries('RoomStats', 'What a room’s calls were like', {
  roomId: Id,
  roomName: RoomName,
});
export const UserStats = withSeries('UserStats', 'What a user’s calls were like', { userId: Type.String() });
export const ParticipantStats = withSeries('ParticipantStats', 'What a participant’s call was like', {
  participantId: Id,
  roomId: Id,
  userId: Type.Optional(Type.String({ description: 'For those with a grant, and for oneself.' })),
  displayName: Type.String(),
  transports: Type.Array(ref(TransportOf)),
  paths,
});
export const TransportStats = withSeries('TransportStats', 'What a transport carried', {
  transportId: Id,
  trackId: Type.Optional(Type.String({ description: 'Whose series it is, where one was asked for.' })),
  participantId: Id,
  roomId: Id,
  direction: Direction,
  paths,
  tracks: Type.Array(ref(Track), { description: 'What it carried, and what `track` takes.' }),
});

export interface SeriesAnswer extends Series, TimeAnswer {}

/** What a series’ answer says of its time. */
interface TimeAnswer {
  from: Date;
  to: Date;
  step: number;
  requestedStep: number | undefined;
  resolution: string;
  reporter: Reporter;
}

export function timeAnswer(steps: Steps, requested: number | undefined, reporter: Reporter): TimeAnswer {
  const { from, to, step, resolution } = steps;
  return {
    from: new Date(from),
    to: new Date(to),
    step,
    requestedStep: requested === step ? undefined : requested,
    resolution: resolutionName(resolution),
    reporter,
  };
}

export const seriesAnswer = (
  steps: Steps,
  requested: number | undefined,
  reporter: Reporter,
  made: Series,
): SeriesAnswer => ({ ...timeAnswer(steps, requested, reporter), ...made });

export const pathChange = ({ at, transportId, direction, protocol, candidateType }: PathChange) => ({
  at,
  transportId,
  direction,
  protocol,
  candidateType,
});

/** A good answer, as JSON and as CSV, for `schema.response`. */
export const seriesContent = (schema: ReturnType<typeof ref>) => ({
  description: 'The series. As CSV: a line of names, then a line a step, with its time by ISO 8601.',
  content: {
    'application/json': { schema },
    'text/csv': { schema: Type.String({ description: 'By RFC 4180.' }) },
  },
});

/** Sends a series: what it is of, in JSON alone, and its columns. */
export function sendSeries(
  reply: FastifyReply,
  format: 'json' | 'csv',
  about: object,
  answer: SeriesAnswer,
): FastifyReply {
  void reply.header('vary', 'Accept');
  if (format === 'json') return reply.send({ ...about, ...answer });
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', 'attachment; filename="stats.csv"')
    .send(csvOf(answer));
}
