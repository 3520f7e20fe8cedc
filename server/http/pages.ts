import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** A year, in ms: the built assets carry a hash of their content in their names. */
const ASSETS_MAX_AGE = 365 * 24 * 60 * 60 * 1000;

/** Where the app for browsers shows something: the lobby, a room, what its calls were like, and past ones; all are one page. */
const PATHS = ['/', '/r/:room', '/r/:room/stats', '/stats'];

/** The app for browsers, built from client/. */
export async function registerPages(app: FastifyInstance, clientDir: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: clientDir,
    index: false,
    cacheControl: false,
    setHeaders: (response, path) => {
      const immutable = path.startsWith(join(clientDir, 'assets') + sep);
      response.header(
        'Cache-Control',
        immutable ? `public, max-age=${ASSETS_MAX_AGE / 1000}, immutable` : 'no-cache',
      );
    },
  });
  for (const path of PATHS) app.get(path, (_request, reply) => reply.sendFile('index.html'));
}
