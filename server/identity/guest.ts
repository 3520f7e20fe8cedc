import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Grants } from '../protocol/grants.ts';
import { grantsOf } from './claims.ts';
import { GUEST } from './identity.ts';

const COOKIE = 'trivium_guest';
/** Routes whose answers are the same for everybody, and kept by shared caches: the built client's files, docs, health; and metrics. */
const PUBLIC = /^\/(\*|healthz|readyz|metrics|api\/v1\/(problems|docs|openapi\.json).*)$/;
/** A year, in seconds. */
const MAX_AGE = 365 * 24 * 60 * 60;
const COOKIE_OPTIONS = { path: '/', httpOnly: true, sameSite: 'lax', maxAge: MAX_AGE } as const;

/** The cookies of new guests who come by WebSocket: an upgrade is answered apart from Fastify. */
const newGuests = new WeakMap<IncomingMessage, string>();

/** The `Set-Cookie` header that an upgrade has to be answered with, if any. */
export const guestCookieFor = (upgrade: IncomingMessage): string | undefined => newGuests.get(upgrade);

/**
 * The user that a browser is: a random id in a signed cookie that scripts cannot read. A request without a valid one is
 * a new guest, whose cookie goes out with the answer; not with what shared caches may keep.
 */
export function guestOf(request: FastifyRequest, reply: FastifyReply): string {
  const known = knownGuest(request);
  if (known !== undefined) return known;
  const userId = `${GUEST}${randomBytes(16).toString('hex')}`;
  if (PUBLIC.test(request.routeOptions.url ?? '')) return userId;
  const options = { ...COOKIE_OPTIONS, secure: request.protocol === 'https' };
  void reply.setCookie(COOKIE, userId, { ...options, signed: true });
  const { server } = request;
  newGuests.set(request.raw, server.serializeCookie(COOKIE, server.signCookie(userId), options));
  return userId;
}

/** What guests may do: be in any room; while the server is developed with, open, look at and declare everything too. */
export function guestGrants(production: boolean): Grants {
  return {
    ...grantsOf({ roomJoin: true }),
    roomCreate: !production,
    roomList: !production,
    statsRead: !production,
    streamsWrite: !production,
  };
}

function knownGuest(request: FastifyRequest): string | undefined {
  const signed = request.cookies[COOKIE];
  if (signed === undefined) return undefined;
  const { valid, value } = request.unsignCookie(signed);
  return valid ? value : undefined;
}
