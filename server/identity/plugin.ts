import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { guestsMayJoin, isProduction } from '../production.ts';
import { guestGrants, guestOf } from './guest.ts';
import type { Identity } from './identity.ts';
import { Keys, refused } from './keys.ts';
import type { Revocations } from './revocations.ts';
import { AccessTokens, type TokenHolder } from './tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; undefined where there is no token and guests are not let in. */
    identity: Identity | undefined;
  }
}

export interface IdentityDependencies {
  config: Config;
  log: Logger;
  /** Signs the guests' cookies. */
  cookieSecret: string;
  revocations: Revocations;
  clock: Clock;
  /** A token was refused. @throws {AppError} `rate_limited` in its place, where there were too many. */
  countRefused: (request: FastifyRequest) => Promise<void>;
  /** Is told of each token that was accepted, by whatever way it came. */
  onAccepted: (holder: TokenHolder) => void;
}

/**
 * The routes where tokens are looked for: the signalling and the APIs. Pages are the same for everybody. By the route and not
 * by the path, which can be written in several ways.
 */
const TAKES_TOKENS = /^\/(ws|metrics|api(\/.*)?)$/;

/**
 * Finds out who makes a request, before anything else is done for it: by an access token, in `Authorization: Bearer` or
 * `?access_token=`, or else by the guest's cookie. A token that is not valid ends the request with `unauthorized`.
 */
export async function registerIdentity(
  app: FastifyInstance,
  { config, log, cookieSecret, revocations, clock, countRefused, onAccepted }: IdentityDependencies,
): Promise<AccessTokens> {
  const { API_KEY: key, API_SECRET: secret, JWKS_URL: jwksUrl, TOKEN_AUDIENCE: audience } = config;
  await revocations.refresh();
  const keys = new Keys({ api: key && secret ? { key, secret } : undefined, jwksUrl }, log);
  const tokens = new AccessTokens({ keys, audience, revocations, clock, onAccepted });
  const guests = guestsMayJoin(config) ? guestGrants(isProduction(config)) : undefined;

  await app.register(cookie, { secret: cookieSecret });
  app.decorateRequest('identity', undefined);
  app.addHook('onRequest', async (request, reply) => {
    const token = tokenOf(request);
    if (token !== undefined) {
      request.identity = await tokens.identify(token).catch(async (error: unknown) => {
        if (error instanceof AppError && error.code === 'unauthorized') await countRefused(request);
        throw error;
      });
    } else if (guests) {
      const userId = guestOf(request, reply);
      request.identity = { userId, displayName: undefined, grants: guests, token: undefined };
    }
  });
  return tokens;
}

/** @throws {AppError} `unauthorized` where there are two tokens. */
function tokenOf(request: FastifyRequest): string | undefined {
  if (!TAKES_TOKENS.test(request.routeOptions.url ?? '')) return undefined;
  const [path = ''] = request.url.split('?', 1);
  const query = new URLSearchParams(request.url.slice(path.length));
  const bearer = /^Bearer(?:\s+(.*))?$/i.exec(request.headers.authorization ?? '');
  const given = [...(bearer ? [bearer[1] ?? ''] : []), ...query.getAll('access_token')];
  if (given.length > 1) throw refused('there is more than one. Send it once');
  return given[0]?.trim();
}
