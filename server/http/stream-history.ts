import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { choice, Id, RoomName, TrackSource } from '../protocol/model.ts';
import type { StreamRecords } from '../streams/stream-records.ts';
import { answer, refusals } from './answers.ts';
import { cursorOf, linkHeader, nextCursor, pageOf, pageQuery } from './cursors.ts';
import { fromDatabase } from './database.ts';
import { named, Query, ref, Time } from './schemas.ts';
import { selfOr, User } from './streams.ts';

const PastStream = named('PastStream', 'A stream that a user watches or has watched.', {
  id: Id,
  origin: choice(['sfu', 'declared', 'stream_count'], 'Who plays it: a call, or a player outside.'),
  label: Type.Optional(Type.String({ description: 'What its player says of it.' })),
  roomId: Type.Optional(Id),
  roomName: Type.Optional(RoomName),
  publisherName: Type.Optional(Type.String({ description: 'Whose video it is.' })),
  source: Type.Optional(TrackSource),
  startedAt: Time('When it took its slot.'),
  endedAt: Type.Optional(Time('When it gave it back; without it, it holds it.')),
  endReason: Type.Optional(
    choice(
      [
        'stopped',
        'replaced',
        'viewer_left',
        'publisher_stopped',
        'worker_died',
        'failed',
        'swept',
        'server_crashed',
        'expired',
        'limit_lowered',
        'ledger_lost',
      ],
      'Why.',
    ),
  ),
});

const StreamHistory = named('StreamHistory', 'A page of what a user watched.', {
  streams: Type.Array(ref(PastStream), { description: 'The newest first.' }),
  ...nextCursor,
});

const moment = (description: string) =>
  Type.Optional(Type.String({ format: 'date-time', maxLength: 64, description }));

const Period = Query({
  from: moment('Streams that began then or later, by ISO 8601; without it, from the beginning on.'),
  to: moment('Streams that began before that; without it, until now.'),
  ...pageQuery,
});

/** `/users/{id}/streams/history`: what a user watched, by the time at which it began. */
export function registerStreamHistory(api: FastifyInstance, records: StreamRecords): void {
  for (const schema of [PastStream, StreamHistory]) api.addSchema(schema);
  api.get<{ Params: Static<typeof User>; Querystring: Static<typeof Period> }>(
    '/users/:id/streams/history',
    {
      schema: {
        operationId: 'listStreamHistory',
        summary: 'Lists what a user watched',
        description: 'For the user, or by the grant `statsRead`; what is watched now is there too.',
        tags: ['streams'],
        params: User,
        querystring: Period,
        response: {
          200: answer(ref(StreamHistory), 'A page of the list.', linkHeader),
          ...refusals('forbidden'),
        },
      },
      onRequest: selfOr('statsRead'),
    },
    async (request, reply) => {
      const period = { from: timeIn(request.query, 'from'), to: timeIn(request.query, 'to') };
      if (period.from && period.to && period.from > period.to) {
        throw new AppError('bad_request', 'querystring.from is after querystring.to: exchange them.');
      }
      const page = pageOf(request.query);
      const { items, next } = await fromDatabase(request, records.history(request.params.id, period, page));
      return { streams: items, nextCursor: cursorOf(request, reply, next) };
    },
  );
}

/** @throws {AppError} `bad_request` for a time that is none. */
export function timeIn(query: { from?: string; to?: string }, name: 'from' | 'to'): Date | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new AppError('bad_request', `querystring.${name} is no time, such as 2026-01-31T18:00:00Z.`);
}
