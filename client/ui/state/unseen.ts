import type { RemotePublication, Room } from '../../sdk/index.ts';

/** A video that one does not see, and why: one has no place for any, every place is held, it is being started, or that failed. */
export interface Unseen {
  publication: RemotePublication;
  why: 'none' | 'limit' | 'starting' | 'failed';
  /** Videos that one may watch at once. */
  limit: number;
}

/** Undefined where there is nothing to be seen: no video, a muted one, or no way for it to come. */
export function unseenOf(room: Room, publication: RemotePublication | undefined): Unseen | undefined {
  if (!publication || publication.muted || publication.track) return undefined;
  if (!room.hasMedia || !room.permissions.subscribe || room.state !== 'connected') return undefined;
  return { publication, why: whyUnseen(room, publication), limit: room.streams?.limit ?? 0 };
}

/** A free place is filled by itself, sooner or later. */
function whyUnseen(room: Room, publication: RemotePublication): Unseen['why'] {
  const limit = room.streams?.limit;
  if (limit === 0) return 'none';
  if (room.isStarting(publication)) return 'starting';
  if (limit !== undefined && placesTaken(room) >= limit) return 'limit';
  return room.hasFailed(publication) ? 'failed' : 'starting';
}

/** What is being started here takes a place as well, whether the server has told it already or not. */
function placesTaken(room: Room): number {
  const streams = room.streams?.streams ?? [];
  const toldHere = streams.filter(({ where }) => where === 'this_tab').length;
  const knownHere = videosOf(room).filter((one) => one.track ?? room.isStarting(one)).length;
  return streams.length - toldHere + Math.max(toldHere, knownHere);
}

function videosOf(room: Room): RemotePublication[] {
  return [...room.participants.values()]
    .flatMap(({ publications }) => [...publications.values()])
    .filter(({ kind }) => kind === 'video');
}
