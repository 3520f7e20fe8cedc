import { signal, type ReadonlySignal } from '@preact/signals';
import { isRoomName } from './room-name.ts';

/** Where one is: the lobby, a room's page, or the page of something that cannot be a room's name. */
export type Route = { page: 'lobby' } | { page: 'room'; room: string } | { page: 'wrong room'; text: string };

const current = signal(routeOf(location.pathname));

export const route: ReadonlySignal<Route> = current;

addEventListener('popstate', () => {
  current.value = routeOf(location.pathname);
});

export function pathOf(room: string): string {
  return `/r/${room}`;
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
  current.value = routeOf(path);
}

function routeOf(path: string): Route {
  const text = /^\/r\/([^/]*)\/?$/.exec(path)?.[1];
  if (text === undefined) return { page: 'lobby' };
  return isRoomName(text) ? { page: 'room', room: text } : { page: 'wrong room', text: decoded(text) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
