import type { Stream } from '../../../server/protocol/model.ts';
import type { Room } from '../../sdk/index.ts';

/** One of the user's places for a video: who is watched and where, or nobody. */
export type Place =
  { held: true; streamId: string; here: boolean; who: string; where: string } | { held: false };

const wheres: Record<Stream['where'], string> = {
  this_tab: 'this tab',
  other_tab: 'another tab',
  other_room: 'another room',
  other_device: 'another device',
  outside: 'another player',
};

/** Of these one wants to know which room it is. */
const NEEDS_ROOM: readonly Stream['where'][] = ['other_room', 'other_device'];

/** Every place that the user has: those that are held, the longest held first, then the free ones. None before it is told. */
export function placesOf(told: Room['streams']): Place[] {
  const { limit, streams } = told ?? { limit: 0, streams: [] };
  const free = Array.from({ length: Math.max(0, limit - streams.length) }, (): Place => ({ held: false }));
  return [...streams.map(heldBy), ...free];
}

function heldBy({ streamId, label, roomName, publisherName = 'A video', source, where }: Stream): Place {
  const room = roomName !== undefined && NEEDS_ROOM.includes(where) ? ` (${roomName})` : '';
  return {
    held: true,
    streamId,
    here: where === 'this_tab',
    who: label ?? (source === 'screen_share' ? `${publisherName}’s screen` : publisherName),
    where: `${wheres[where]}${room}`,
  };
}
