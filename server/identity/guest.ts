import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const COOKIE = 'trivium_guest';
/** A year, in seconds. */
const MAX_AGE = 365 * 24 * 60 * 60;
const COOKIE_OPTIONS = { path: '/', httpOnly: true, sameSite: 'lax', maxAge: MAX_AGE } as const;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: the key of the quota. */
    userId: string;
  }
}

/** The cookies of new guests who come by WebSocket: an upgrade is answered apart from Fastify. */
const newGuests = new WeakMap<IncomingMessage, string>();

/** The `Set-Cookie` header that an upgrade has to be answered with, if any. */
export const guestCookieFor = (upgrade: IncomingMessage): string | undefined => newGuests.get(upgrade);

/**
 * Makes every browser one user: a random id in a signed cookie that scripts cannot read. A request without a valid
 * one is a new guest, whose cookie goes out with the answer; not with assets, which shared caches may keep.
 */
export async function registerGuests(app: FastifyInstance, secret: string): Promise<void> {
  await app.register(cookie, { secret });
  app.decorateRequest('userId', '');
  app.addHook('onRequest', async (request, reply) => {
    const known = knownGuest(request);
    request.userId = known ?? `guest:${randomBytes(16).toString('hex')}`;
    if (known || request.url.startsWith('/assets/')) return;
    const options = { ...COOKIE_OPTIONS, secure: request.protocol === 'https' };
    void reply.setCookie(COOKIE, request.userId, { ...options, signed: true });
    newGuests.set(request.raw, app.serializeCookie(COOKIE, app.signCookie(request.userId), options));
  });
}

function knownGuest(request: FastifyRequest): string | undefined {
  const signed = request.cookies[COOKIE];
  if (signed === undefined) return undefined;
  const { valid, value } = request.unsignCookie(signed);
  return valid ? value : undefined;
}
