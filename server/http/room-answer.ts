import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { AppError } from '../errors.ts';
import { Id, RoomName } from '../protocol/model.ts';
import type { SessionRecord } from '../rooms/call-records.ts';
import { nextCursor } from './cursors.ts';
import { namesETag } from './etags.ts';
import { named, ref, Time } from './schemas.ts';

export const Locked = Type.Boolean({ description: 'Nobody new gets in, but for hosts.' });

const described = {
  id: Id,
  name: RoomName,
  startedAt: Time('When it was opened.'),
  endedAt: Type.Optional(Time('When it was closed; without it, it is open.')),
  locked: Locked,
  maxParticipants: Type.Optional(
    Type.Integer({
      description: 'Participants at once; without it, as many as the server lets into any room.',
    }),
  ),
  emptyTtlMs: Type.Integer({ description: 'How long it stays open after the last one left.' }),
};

/** A room as it is read. */
export const Room = named('Room', 'A session of a room: a name may have many, one after another.', described);

/** A room in a list: how many are in it changes without its ETag. */
export const ListedRoom = named('ListedRoom', 'A room in a list.', {
  ...described,
  participantCount: Type.Integer({ description: 'Participants who are in it now.' }),
});

export const RoomPage = named('RoomPage', 'A page of rooms.', {
  rooms: Type.Array(ref(ListedRoom), { description: 'The newest first.' }),
  ...nextCursor,
});

/** The header of a room's answer. */
export const etag = { etag: Type.String({ description: 'Of the settings: for `If-Match`.' }) };

/** The session, as the API names what it has. */
export function describe({ id, roomName, startedAt, endedAt, settings }: SessionRecord) {
  const { locked, maxParticipants, emptyTtl } = settings;
  return { id, name: roomName, startedAt, endedAt, locked, maxParticipants, emptyTtlMs: emptyTtl };
}

/** Strong: it changes with everything that a room is described by. */
export const etagOf = ({ id, version, endedAt }: SessionRecord) =>
  `"${id}.${version}${endedAt ? '.ended' : ''}"`;

/** @throws {AppError} `changed_meanwhile` where `If-Match` names a former state. */
export function refuseUnless(expected: string, session: SessionRecord): void {
  if (namesETag(expected, etagOf(session), 'strong')) return;
  throw new AppError(
    'changed_meanwhile',
    `If-Match ${expected} is not the room’s ETag, which is ${etagOf(session)} now. Read the room again, then change it.`,
  );
}

/** Answers with a room and its ETag. */
export function send(reply: FastifyReply, session: SessionRecord): FastifyReply {
  return reply.header('etag', etagOf(session)).send(describe(session));
}
