import { signal, type ReadonlySignal } from '@preact/signals';
import { isRoomName } from './room-name.ts';

/** Where one is. */
export type Route =
  | { page: 'lobby' }
  | { page: 'room'; room: string }
  /** What a session of a room was like, or is; undefined: its latest one. */
  | { page: 'room stats'; room: string; session: string | undefined }
  | { page: 'past rooms' }
  /** Something that cannot be a room's name. */
  | { page: 'wrong room'; text: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const current = signal(routeOf(location.pathname, location.search));

export const route: ReadonlySignal<Route> = current;

addEventListener('popstate', () => {
  current.value = routeOf(location.pathname, location.search);
});

export function pathOf(room: string): string {
  return `/r/${room}`;
}

/** Where the statistics of a room are. @param session Its id; without it, the latest one. */
export function statsPathOf(room: string, session?: string): string {
  return `${pathOf(room)}/stats${session === undefined ? '' : `?session=${session}`}`;
}

/** Where the past calls of a room are: also for who came with a token for it alone. */
export function pastRoomsPath(room: string): string {
  return `/stats?${new URLSearchParams({ name: room }).toString()}`;
}

/** What one sends to others, so that they come. */
export function linkTo(room: string): string {
  return new URL(pathOf(room), location.origin).href;
}

/** `?iceTransportPolicy=relay` at the end of a room's link shows whether the relay works: media takes no other way. */
export function iceTransportPolicy(): RTCIceTransportPolicy {
  return new URLSearchParams(location.search).get('iceTransportPolicy') === 'relay' ? 'relay' : 'all';
}

export function navigate(path: string): void {
  history.pushState(null, '', path);
  current.value = routeOf(path, '');
}

function routeOf(path: string, query: string): Route {
  if (/^\/stats\/?$/.test(path)) return { page: 'past rooms' };
  const [, text, stats] = /^\/r\/([^/]*)(\/stats)?\/?$/.exec(path) ?? [];
  if (text === undefined) return { page: 'lobby' };
  if (!isRoomName(text)) return { page: 'wrong room', text: decoded(text) };
  if (stats === undefined) return { page: 'room', room: text };
  const session = new URLSearchParams(query).get('session') ?? '';
  return { page: 'room stats', room: text, session: UUID.test(session) ? session : undefined };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
