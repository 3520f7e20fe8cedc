import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { requireGrant, requireIdentity, type Permission } from '../identity/require.ts';
import { Exactly, RoomName } from '../protocol/model.ts';
import type { CallRecords, SessionRecord } from '../rooms/call-records.ts';
import type { Removals } from '../rooms/removals.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Room } from '../rooms/room.ts';
import { isUuid } from '../rooms/uuid.ts';
import { fromDatabase } from './database.ts';

/** How a path names a room. */
export const roomId = {
  id: Type.Unsafe<string>({
    ...RoomName,
    description:
      'The id of a room, or a room’s name for its latest session: letters, digits, `-` and `_`, 64 at most.',
  }),
};
export const RoomPath = Exactly(roomId);

interface ForRoom {
  Params: Static<typeof RoomPath>;
}

/** Where rooms are found: those that are open here, and all that the database knows of. */
export interface RoomSources {
  rooms: RoomRegistry;
  records: CallRecords;
  /** Whom hosts removed: what had let them in does not let them rule either. */
  removals: Removals;
}

/**
 * Lets in who has one of the grants, for every room or for the one that the path names; before anything else of the
 * request is looked at. Where the path has an id, `findRoom` knows the name.
 */
export function roomGrant(...permissions: Permission[]) {
  return (request: FastifyRequest<ForRoom>, _reply: FastifyReply, next: () => void): void => {
    requireGrant(request, ...permissions);
    if (!isUuid(request.params.id)) refuseOtherRoom(request, request.params.id);
    next();
  };
}

/** A session by its id or its room's name, and the room where it is open here. @throws {AppError} `not_found`, `forbidden` */
export async function findRoom(
  request: FastifyRequest<ForRoom>,
  sources: RoomSources,
): Promise<{ session: SessionRecord; room: Room | undefined }> {
  const session = await findSession(request, sources);
  if (!session) throw new AppError('not_found', `There is no room ${request.params.id}, and never was.`);
  refuseOtherRoom(request, session.roomName);
  refuseRemoved(request, session.roomName, sources.removals);
  const room = sources.rooms.find(session.id);
  return room?.id === session.id ? { session: recordOf(room), room } : { session, room: undefined };
}

/**
 * A room that is open here, by its id or its name.
 *
 * @throws {AppError} `gone` where its session has ended, `elsewhere`, `not_found`, `forbidden`.
 */
export async function findOpenRoom(request: FastifyRequest<ForRoom>, sources: RoomSources): Promise<Room> {
  const { session, room } = await findRoom(request, sources);
  if (room) return room;
  refuseElsewhere(session);
  throw new AppError('gone', `Room ${session.roomName} has ended (session ${session.id}).`);
}

/** @throws {AppError} `elsewhere` for a session that is open on another server. */
export function refuseElsewhere({ roomName, endedAt, otherNode }: SessionRecord): void {
  if (endedAt || otherNode === undefined) return;
  throw new AppError(
    'elsewhere',
    `Room ${roomName} is open on another server of this database, whose NODE_ID is ${otherNode}. Ask that one.`,
  );
}

/** A room that is open here, as the database will have it. */
export function recordOf({ id, name, startedAt, settings, version }: Room): SessionRecord {
  return { id, roomName: name, startedAt, endedAt: undefined, settings, version, otherNode: undefined };
}

/** A session by its id or its room's name; an id goes before a name: a room may have any session's id for its name. */
export async function findSession(
  request: FastifyRequest<ForRoom>,
  { rooms, records }: RoomSources,
): Promise<SessionRecord | undefined> {
  const { id } = request.params;
  const open = rooms.find(id);
  if (open && (open.id === id || !isUuid(id))) return recordOf(open);
  const byId = isUuid(id) ? await fromDatabase(request, records.session(id)) : undefined;
  return byId ?? (open ? recordOf(open) : fromDatabase(request, records.latestSession(id)));
}

/** @throws {AppError} `forbidden` where who asks has a token for another room alone. */
export function refuseOtherRoom(request: FastifyRequest, name: string): void {
  const { room } = requireIdentity(request).grants;
  if (room === undefined || room === name) return;
  throw new AppError('forbidden', `Your token is for room ${room} alone.`);
}

/** @throws {AppError} `forbidden` where a host removed who asks from the room. */
export function refuseRemoved(request: FastifyRequest, name: string, removals: Removals): void {
  if (!removals.isBarred(requireIdentity(request), name)) return;
  throw new AppError('forbidden', `You were removed from room ${name} by a host.`);
}
