import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';

const MINUTE = 60_000;

/** Users and addresses that are remembered at once; the one seen longest ago is forgotten for another one. */
const REMEMBERED = 20_000;

/** The part of an address's requests that may come with a token that is refused. */
const REFUSED_SHARE = 0.1;

export interface Limits {
  /** A hook for routes: counts a request, and refuses it where there were too many. */
  count: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Counts a request whose token was refused, and says so where there were too many from its address. */
  countRefused: (request: FastifyRequest) => Promise<void>;
}

/** Whose requests count together: those of the user where there is a token or no bound by address, else those of the address. */
export function limitedAs(request: FastifyRequest): string {
  const { identity, clientAddress } = request;
  if (identity && (identity.token || !clientAddress.bounded)) return `user ${identity.userId}`;
  return addressKey(request);
}

/** Behind a proxy that is not trusted each request is its own. */
const addressKey = ({ clientAddress: { key, bounded }, id }: FastifyRequest): string =>
  bounded ? `address ${key}` : `request ${id}`;

/** Counts requests: by user where there is a token, else by address, since a guest is somebody new at will. */
export async function registerLimits(app: FastifyInstance, perMinute: number): Promise<Limits> {
  await app.register(rateLimit, { global: false });
  const window = { timeWindow: MINUTE, cache: REMEMBERED };
  const requests = app.createRateLimit({
    ...window,
    max: perMinute,
    keyGenerator: limitedAs,
  });
  const refused = app.createRateLimit({
    ...window,
    max: Math.ceil(perMinute * REFUSED_SHARE),
    keyGenerator: addressKey,
  });

  return {
    async count(request, reply) {
      const counted = await requests(request);
      if (counted.isAllowed) return;
      const { max, remaining, ttl, ttlInSeconds, isExceeded } = counted;
      void reply.headers({
        'ratelimit-limit': max,
        'ratelimit-remaining': remaining,
        'ratelimit-reset': ttlInSeconds,
      });
      if (isExceeded) throw tooMany(`There were more than ${max} requests within a minute`, ttl);
    },
    async countRefused(request) {
      const counted = await refused(request);
      if (counted.isAllowed || !counted.isExceeded) return;
      throw tooMany('Too many tokens from this address were refused', counted.ttl);
    },
  };
}

function tooMany(why: string, waitMs: number): AppError {
  return new AppError('rate_limited', `${why}. Wait ${Math.ceil(waitMs / 1000)} s.`, {
    retryAfterMs: waitMs,
  });
}
