import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';
import { changesSomething } from './cross-site.ts';

/** What says that nobody has opened the page yet: the standard header, and those of older browsers. */
const HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'];

/**
 * Refuses what changes something and is only prefetched or prerendered. A browser sends the request again when somebody opens
 * the page.
 *
 * @see https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header
 */
export function registerPrefetch(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, next) => {
    const isPrefetch = HEADERS.some((name) =>
      /\b(prefetch|prerender|preview)\b/i.test(String(request.headers[name] ?? '')),
    );
    if (!isPrefetch || !changesSomething(request)) next();
    else next(new AppError('forbidden', 'This changes something, so it cannot be prefetched. Open it.'));
  });
}
