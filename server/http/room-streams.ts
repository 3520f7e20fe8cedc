import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { Id, TrackSource } from '../protocol/model.ts';
import type { StreamRecords } from '../streams/stream-records.ts';
import { answer, refusals } from './answers.ts';
import { fromDatabase } from './database.ts';
import { findRoom, roomGrant, RoomPath, type RoomSources } from './room-access.ts';
import { named, ref, Time } from './schemas.ts';

const RoomStream = named('RoomStream', 'A video that somebody watches in a room.', {
  id: Id,
  userId: Type.String({ description: 'Who watches.' }),
  participantId: Type.String({ description: 'By which presence in the room.' }),
  displayName: Type.String({ description: 'Under which name.' }),
  publisherId: Type.String({ description: 'The participant whose video it is.' }),
  publisherName: Type.String({ description: 'Under which name.' }),
  source: TrackSource,
  startedAt: Time('When it took its slot.'),
});

const RoomStreams = named('RoomStreams', 'Who watches what in a room.', {
  streams: Type.Array(ref(RoomStream), { description: 'The newest first.' }),
});

/** `/rooms/{id}/streams`: who watches what in a room now. */
export function registerRoomStreams(
  api: FastifyInstance,
  sources: RoomSources,
  streamRecords: StreamRecords,
): void {
  for (const schema of [RoomStream, RoomStreams]) api.addSchema(schema);
  api.get<{ Params: Static<typeof RoomPath> }>(
    '/rooms/:id/streams',
    {
      schema: {
        operationId: 'listRoomStreams',
        summary: 'Lists who watches what in a room now',
        description: 'By the grant `roomAdmin` or `statsRead`.',
        tags: ['rooms'],
        params: RoomPath,
        response: {
          200: answer(ref(RoomStreams), 'Every video that holds a slot for it.'),
          ...refusals('forbidden', 'not_found'),
        },
      },
      onRequest: roomGrant('roomAdmin', 'statsRead'),
    },
    async (request) => {
      const { session } = await findRoom(request, sources);
      return { streams: await fromDatabase(request, streamRecords.watchedIn(session.id)) };
    },
  );
}
