import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { Origins } from '../identity/origins.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False: pages of other origins are not this route's business. */
    cors?: false;
  }
}

/** What pages of other origins may read of an answer, beside what every answer has. */
const exposedHeaders = [
  'ETag',
  'Location',
  'Link',
  'Retry-After',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];

/** How long a browser may remember what it is allowed, in seconds. */
const MAX_AGE = 600;

/**
 * Lets pages of some origins read the answers of the REST API, refusals too: to be registered before whatever refuses a
 * request. Cookies never go along, so that a page acts by a token of its own alone.
 */
export async function registerCors(app: FastifyInstance, origins: Origins): Promise<void> {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/v1/')) route.config = { ...route.config, cors: false };
  });
  await app.register(cors, {
    origin: origins.any
      ? '*'
      : (origin, decide) => decide(null, origin !== undefined && origins.allows(origin)),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders,
    maxAge: MAX_AGE,
  });
}
