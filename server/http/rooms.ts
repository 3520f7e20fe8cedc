import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import { choice, RoomName } from '../protocol/model.ts';
import { randomRoomName } from '../rooms/random-room-name.ts';
import type { RoomSettings } from '../rooms/settings.ts';
import { answer, noContent, refusals } from './answers.ts';
import { byGrant, byGrantEverywhere } from './by-grant.ts';
import { cursorOf, linkHeader, pageOf, pageQuery } from './cursors.ts';
import { fromDatabase } from './database.ts';
import { namesETag } from './etags.ts';
import {
  findOpenRoom,
  findRoom,
  recordOf,
  refuseElsewhere,
  roomGrant,
  RoomPath,
  type RoomSources,
  refuseRemoved,
} from './room-access.ts';
import {
  describe,
  etag,
  etagOf,
  ListedRoom,
  Locked,
  refuseUnless,
  Room,
  RoomPage,
  send,
} from './room-answer.ts';
import { OptionalBody, Query, ref } from './schemas.ts';

const Listing = Query({
  state: Type.Optional(
    choice(['open', 'closed', 'all'], 'Those that are open (so it is without it), that are over, or both.'),
  ),
  name: Type.Optional(RoomName),
  ...pageQuery,
});

const ifMatch = (description: string) =>
  Type.Object({ 'if-match': Type.Optional(Type.String({ maxLength: 512, description })) });
const IfNoneMatch = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ maxLength: 512, description: 'An ETag that is known: 304 where it is the one of now.' }),
  ),
});

/** What can be set of a room, as the API names it. */
interface Settings {
  locked?: boolean;
  maxParticipants?: number | null;
  emptyTtlMs?: number;
}

interface ForRoom {
  Params: Static<typeof RoomPath>;
}
interface Conditional extends ForRoom {
  Headers: { 'if-match'?: string };
}

/**
 * `/rooms`: opened beforehand or by the first who joins, listed with those that are over and those of other servers,
 * changed by ETag and `If-Match`, and closed for all.
 */
export function registerRooms(api: FastifyInstance, sources: RoomSources, config: Config): void {
  const { rooms, records } = sources;
  const settings = settingsUpTo(config.MAX_PARTICIPANTS_PER_ROOM);
  const Opening = OptionalBody(
    { name: Type.Optional(RoomName), ...settings },
    { name: 'tea', maxParticipants: 10 },
  );
  const Changes = Type.Object(
    { ...settings, maxParticipants: Type.Optional(Type.Union([settings.maxParticipants, Type.Null()])) },
    {
      additionalProperties: false,
      minProperties: 1,
      description: '`maxParticipants: null` takes the room’s own limit away.',
      examples: [{ locked: true }],
    },
  );

  for (const schema of [Room, ListedRoom, RoomPage]) api.addSchema(schema);
  api.post<{ Body: (Settings & { name?: string }) | null | undefined }>(
    '/rooms',
    {
      schema: {
        operationId: 'createRoom',
        summary: 'Opens a room',
        description:
          'By the grant `roomCreate`, and `roomAdmin` where it is `locked`. Without a `name` it gets one that nobody guesses.',
        tags: ['rooms'],
        body: Opening,
        response: {
          201: answer(ref(Room), 'The room is open.', {
            location: Type.String({ description: 'Its path.' }),
            ...etag,
          }),
          ...refusals('forbidden', 'room_exists', 'address_limit', 'server_full', 'unavailable'),
        },
      },
      onRequest: byGrant('roomCreate'),
    },
    async (request, reply) => {
      const { name = randomRoomName(), ...wanted } = request.body ?? {};
      const { grants, token } = requireIdentity(request);
      const { room: only, roomAdmin } = grants;
      if (only !== undefined && only !== name) {
        throw new AppError('forbidden', `Your token is for room ${only} alone: send that as the name.`);
      }
      if (wanted.locked && !roomAdmin) {
        throw new AppError(
          'forbidden',
          'To open a room that is locked needs a token with the grant roomAdmin as well.',
        );
      }
      refuseRemoved(request, name, sources.removals);
      const room = await rooms.open(name, settingsIn(wanted), token ? undefined : request.clientAddress);
      void reply.code(201).header('location', `/api/v1/rooms/${room.id}`);
      return send(reply, recordOf(room));
    },
  );

  api.get<{ Querystring: Static<typeof Listing> }>(
    '/rooms',
    {
      schema: {
        operationId: 'listRooms',
        summary: 'Lists rooms',
        description:
          'By the grant `roomList`: those of all servers of this database that are open, or over by `state`; the newest first.',
        tags: ['rooms'],
        querystring: Listing,
        response: { 200: answer(ref(RoomPage), 'A page of the list.', linkHeader), ...refusals('forbidden') },
      },
      onRequest: byGrantEverywhere('roomList'),
    },
    async (request, reply) => {
      const { state = 'open', name: roomName } = request.query;
      const page = pageOf(request.query);
      const { items, next } = await fromDatabase(request, records.sessions({ state, roomName }, page));
      return {
        rooms: items.map((item) => ({ ...describe(item), participantCount: item.participantCount })),
        nextCursor: cursorOf(request, reply, next),
      };
    },
  );

  api.get<ForRoom & { Headers: Static<typeof IfNoneMatch> }>(
    '/rooms/:id',
    {
      schema: {
        operationId: 'getRoom',
        summary: 'Reads a room',
        description: 'By the grant `roomList` or `roomAdmin`.',
        tags: ['rooms'],
        params: RoomPath,
        headers: IfNoneMatch,
        response: {
          200: answer(ref(Room), 'The room.', etag),
          304: noContent('It is as it was.'),
          ...refusals('forbidden', 'not_found'),
        },
      },
      onRequest: roomGrant('roomList', 'roomAdmin'),
    },
    async (request, reply) => {
      const { session } = await findRoom(request, sources);
      const known = request.headers['if-none-match'];
      if (known === undefined || !namesETag(known, etagOf(session), 'weak')) return send(reply, session);
      return reply.code(304).header('etag', etagOf(session)).send();
    },
  );

  api.patch<Conditional & { Body: Settings }>(
    '/rooms/:id',
    {
      schema: {
        operationId: 'updateRoom',
        summary: 'Changes a room’s settings',
        description:
          'By the grant `roomAdmin`. Those who are in the room stay, and are told where it is locked.',
        tags: ['rooms'],
        params: RoomPath,
        headers: ifMatch('The ETag that was read, or `*`. Without it: 428.'),
        body: Changes,
        response: {
          200: answer(ref(Room), 'The room as it is now.', etag),
          ...refusals(
            'forbidden',
            'not_found',
            'gone',
            'elsewhere',
            'precondition_required',
            'changed_meanwhile',
          ),
        },
      },
      onRequest: roomGrant('roomAdmin'),
    },
    async (request, reply) => {
      const room = await findOpenRoom(request, sources);
      const expected = request.headers['if-match'];
      if (expected === undefined) {
        throw new AppError(
          'precondition_required',
          'Send If-Match with the ETag that you read, so that nobody else’s change is lost, or with * for any.',
        );
      }
      refuseUnless(expected, recordOf(room));
      room.update(settingsIn(request.body));
      await rooms.recorded();
      return send(reply, recordOf(room));
    },
  );

  api.delete<Conditional>(
    '/rooms/:id',
    {
      schema: {
        operationId: 'closeRoom',
        summary: 'Ends a room for all',
        description: 'By the grant `roomAdmin`. Where it has ended already, nothing happens.',
        tags: ['rooms'],
        params: RoomPath,
        headers: ifMatch('Ends it only where its ETag is this one.'),
        response: {
          204: noContent('It is over.'),
          ...refusals('forbidden', 'not_found', 'elsewhere', 'changed_meanwhile'),
        },
      },
      onRequest: roomGrant('roomAdmin'),
    },
    async (request, reply) => {
      const { session, room } = await findRoom(request, sources);
      if (room) {
        const expected = request.headers['if-match'];
        if (expected !== undefined) refuseUnless(expected, session);
        request.log.info(
          { room: room.name, sessionId: room.id, by: request.identity?.userId },
          'a host ends a room',
        );
        room.close('room_closed');
        await rooms.recorded();
      } else {
        refuseElsewhere(session);
      }
      return reply.code(204).send();
    },
  );
}

/** What can be set, where the server lets so many into any room. */
function settingsUpTo(maximum: number) {
  return {
    locked: Type.Optional(Locked),
    maxParticipants: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum,
        description: 'Participants at once, up to what the server lets into any room.',
      }),
    ),
    emptyTtlMs: Type.Optional(
      Type.Integer({
        minimum: 1_000,
        maximum: 86_400_000,
        description: 'How long it stays open after the last one left.',
      }),
    ),
  };
}

function settingsIn({ locked, maxParticipants, emptyTtlMs }: Settings): Partial<RoomSettings> {
  return {
    ...(locked !== undefined && { locked }),
    ...(maxParticipants !== undefined && { maxParticipants: maxParticipants ?? undefined }),
    ...(emptyTtlMs !== undefined && { emptyTtl: emptyTtlMs }),
  };
}
