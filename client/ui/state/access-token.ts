import { signal, type ReadonlySignal } from '@preact/signals';

const KEY = 'trivium.token.';

const kept = signal<ReadonlyMap<string, string>>(new Map());

/** Changes with every token that comes, or is forgotten. */
export const tokens: ReadonlySignal<ReadonlyMap<string, string>> = kept;

/** Stands for a room's name where a token is for the statistics of any. */
export const ANY_ROOM = '';

/**
 * Takes the access token out of a room's link, `/r/<room>#access_token=<token>`, or of that to past calls, `/stats#…`, and
 * keeps it for as long as the tab is open. A fragment is sent to no server.
 *
 * @returns whether there was one.
 */
export function keepTokenIn(link: string): boolean {
  const [, named, fragment = ''] =
    /(?:\/r\/([^/?#\s]+)[^#\s]*|\/stats\/?(?:\?[^#\s]*)?)#(\S+)$/.exec(link.trim()) ?? [];
  const room = fragment === '' ? undefined : (named ?? ANY_ROOM);
  const token = new URLSearchParams(fragment).get('access_token');
  if (room === undefined || !token) return false;
  kept.value = new Map(kept.peek()).set(room, token);
  try {
    sessionStorage.setItem(KEY + room, token);
  } catch {
    // Storage is full or forbidden: the token is kept for as long as the page is.
  }
  return true;
}

/** The token that one came to a room with. */
export function tokenFor(room: string): string | undefined {
  const token = kept.value.get(room);
  if (token !== undefined) return token;
  try {
    return sessionStorage.getItem(KEY + room) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Forgets a token with which the server lets nobody in, unless another one has taken its place. */
export function dropToken(room: string, token: string): void {
  if (tokenFor(room) !== token) return;
  try {
    sessionStorage.removeItem(KEY + room);
  } catch {
    // Storage is forbidden: it is not in there.
  }
  kept.value = new Map([...kept.peek()].filter(([other]) => other !== room));
}

/** The name that one has in a room by one's token; undefined where one may choose it. */
export function knownNameIn(room: string): string | undefined {
  const token = tokenFor(room);
  return token === undefined ? undefined : nameIn(token);
}

/** The name that the others see of who comes with this token, whatever the page says; undefined where it has none. */
export function nameIn(token: string): string | undefined {
  const payload = token.split('.')[1] ?? '';
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (one) =>
      one.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims !== 'object' || claims === null || !('name' in claims)) return undefined;
    return typeof claims.name === 'string' && claims.name.trim() !== '' ? claims.name : undefined;
  } catch {
    // No token at all: the server says so.
    return undefined;
  }
}

/** Takes the token out of the page's own address, so that nobody copies it with the link; now, and when it changes. */
export function followAddress(): void {
  const take = () => {
    if (keepTokenIn(location.href))
      history.replaceState(history.state, '', location.pathname + location.search);
  };
  take();
  addEventListener('hashchange', take);
}
