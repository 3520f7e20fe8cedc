import { randomBytes } from 'node:crypto';
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const COOKIE = 'trivium_guest';
/** A year, in seconds. */
const MAX_AGE = 365 * 24 * 60 * 60;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: the key of the quota. */
    userId: string;
  }
}

/**
 * Makes every browser one user: a random id in a signed cookie that scripts cannot read. A request without a valid
 * one is a new guest, whose cookie goes out with the answer.
 */
export async function registerGuests(app: FastifyInstance, secret: string): Promise<void> {
  await app.register(cookie, { secret });
  app.decorateRequest('userId', '');
  app.addHook('onRequest', async (request, reply) => {
    const known = knownGuest(request);
    request.userId = known ?? `guest:${randomBytes(16).toString('hex')}`;
    if (!known) setGuest(request, reply);
  });
}

function knownGuest(request: FastifyRequest): string | undefined {
  const signed = request.cookies[COOKIE];
  if (signed === undefined) return undefined;
  const { valid, value } = request.unsignCookie(signed);
  return valid ? value : undefined;
}

function setGuest(request: FastifyRequest, reply: FastifyReply): void {
  void reply.setCookie(COOKIE, request.userId, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: request.protocol === 'https',
    signed: true,
    maxAge: MAX_AGE,
  });
}
