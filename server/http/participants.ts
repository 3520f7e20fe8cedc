import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import { choice, Exactly, Id, Producer, TrackSource } from '../protocol/model.ts';
import type { ParticipantRecord } from '../rooms/call-records.ts';
import type { Room } from '../rooms/room.ts';
import { isUuid } from '../rooms/uuid.ts';
import { answer, noContent, refusals } from './answers.ts';
import { cursorOf, linkHeader, nextCursor, pageOf, pageQuery } from './cursors.ts';
import { fromDatabase } from './database.ts';
import { findOpenRoom, findRoom, roomGrant, roomId, RoomPath, type RoomSources } from './room-access.ts';
import { named, OptionalBody, Query, ref, Time } from './schemas.ts';

const ProducerAnswer = named('Producer', 'What somebody publishes.', Producer.properties);

const Participant = named('RoomParticipant', 'Somebody in a room, hidden ones too.', {
  id: Id,
  userId: Type.String({ description: 'Who it is: one user may be in a room by several tabs.' }),
  displayName: Type.String({ description: 'For show only.' }),
  joinedAt: Time('When they came.'),
  leftAt: Type.Optional(Time('When they left; without it, they are there.')),
  leaveReason: Type.Optional(
    choice(
      ['left', 'disconnected', 'removed', 'room_closed', 'worker_died', 'server_stopped', 'server_crashed'],
      'Why.',
    ),
  ),
  producers: Type.Optional(
    Type.Array(ref(ProducerAnswer), {
      description: 'What they publish; of those alone who are on this server now.',
    }),
  ),
});

const ParticipantPage = named('ParticipantPage', 'A page of who is in a room.', {
  participants: Type.Array(ref(Participant), { description: 'Who came last, first.' }),
  ...nextCursor,
});

const Listing = Query({
  state: Type.Optional(
    choice(['present', 'left', 'all'], 'Who is there (so it is without it), who has left, or both.'),
  ),
  ...pageQuery,
});

const OfRoom = Exactly({ ...roomId, participantId: Id });

const Muting = OptionalBody(
  {
    sources: Type.Optional(
      Type.Array(TrackSource, { minItems: 1, maxItems: 4, description: 'Without it: the microphone.' }),
    ),
  },
  { sources: ['microphone'] },
);

interface OfParticipant {
  Params: Static<typeof OfRoom>;
}

/** `/rooms/{id}/participants`: who is or was in a room, and what hosts do about it. */
export function registerParticipants(api: FastifyInstance, sources: RoomSources): void {
  const { rooms, records } = sources;

  for (const schema of [ProducerAnswer, Participant, ParticipantPage]) api.addSchema(schema);
  api.get<{ Params: Static<typeof RoomPath>; Querystring: Static<typeof Listing> }>(
    '/rooms/:id/participants',
    {
      schema: {
        operationId: 'listParticipants',
        summary: 'Lists who is in a room',
        description: 'By the grant `roomAdmin` or `statsRead`. Those who have left are there with `state`.',
        tags: ['participants'],
        params: RoomPath,
        querystring: Listing,
        response: {
          200: answer(ref(ParticipantPage), 'A page of the list.', linkHeader),
          ...refusals('forbidden', 'not_found'),
        },
      },
      onRequest: roomGrant('roomAdmin', 'statsRead'),
    },
    async (request, reply) => {
      const { state = 'present' } = request.query;
      const page = pageOf(request.query);
      const { session, room } = await findRoom(request, sources);
      const { items, next } = await fromDatabase(request, records.participants(session.id, state, page));
      return {
        participants: items.map((item) => describe(item, room)),
        nextCursor: cursorOf(request, reply, next),
      };
    },
  );

  api.get<OfParticipant>(
    '/rooms/:id/participants/:participantId',
    {
      schema: {
        operationId: 'getParticipant',
        summary: 'Reads who is or was in a room',
        description: 'By the grant `roomAdmin` or `statsRead`.',
        tags: ['participants'],
        params: OfRoom,
        response: {
          200: answer(ref(Participant), 'The participant.'),
          ...refusals('forbidden', 'not_found'),
        },
      },
      onRequest: roomGrant('roomAdmin', 'statsRead'),
    },
    async (request) => {
      const { participantId } = request.params;
      const { session, room } = await findRoom(request, sources);
      const found = isUuid(participantId)
        ? await fromDatabase(request, records.participant(session.id, participantId))
        : undefined;
      if (found) return describe(found, room);
      throw new AppError(
        'not_found',
        `Nobody in room ${session.roomName} has or had the participant id ${participantId}.`,
      );
    },
  );

  api.post<OfParticipant & { Body: Static<typeof Muting> }>(
    '/rooms/:id/participants/:participantId/mute',
    {
      schema: {
        operationId: 'muteParticipant',
        summary: 'Mutes a participant',
        description:
          'By the grant `roomAdmin`. Sound is paused, video ends; the participant is told, and may begin again.',
        tags: ['participants'],
        params: OfRoom,
        body: Muting,
        response: {
          204: noContent('Nothing is sent from these sources now.'),
          ...refusals('forbidden', 'not_found', 'gone', 'elsewhere'),
        },
      },
      onRequest: roomGrant('roomAdmin'),
    },
    async (request, reply) => {
      const room = await findOpenRoom(request, sources);
      await room.participant(request.params.participantId).mute(request.body?.sources ?? ['microphone']);
      return reply.code(204).send();
    },
  );

  api.delete<OfParticipant>(
    '/rooms/:id/participants/:participantId',
    {
      schema: {
        operationId: 'removeParticipant',
        summary: 'Removes a user from a room',
        description:
          'By the grant `roomAdmin`. The user is put out, from every tab, and cannot come back with a token that was made ' +
          'until now; a guest not for 24 hours.',
        tags: ['participants'],
        params: OfRoom,
        response: {
          204: noContent('They are out, and stay out.'),
          ...refusals('forbidden', 'not_found', 'gone', 'elsewhere'),
        },
      },
      onRequest: roomGrant('roomAdmin'),
    },
    async (request, reply) => {
      const room = await findOpenRoom(request, sources);
      await rooms.remove(room, request.params.participantId, requireIdentity(request).userId);
      await rooms.recorded();
      return reply.code(204).send();
    },
  );
}

function describe(record: ParticipantRecord, room: Room | undefined) {
  const { id, userId, displayName, joinedAt, leftAt, leaveReason } = record;
  const producers = leftAt ? undefined : room?.participants.get(id)?.describe().producers;
  return { id, userId, displayName, joinedAt, leftAt, leaveReason, producers };
}
