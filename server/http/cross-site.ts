import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { foreignOrigin, type Origins } from '../identity/origins.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route changes something by whatever method, GET too. */
    changes?: true;
    /** The route tells pages of any origin why the server refuses them. */
    explains?: true;
  }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Lets pages of other origins change nothing, unless they are allowed to. A page can send such a request and not read the answer,
 * with the guest's cookie or where none is needed (cross-site request forgery). Browsers say where a request comes from in
 * `Sec-Fetch-Site` or, where the server is reached by plain http, in `Origin` alone. What is no browser sends neither.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function registerCrossSite(app: FastifyInstance, origins: Origins): void {
  app.addHook('onRequest', (request, reply, next) => {
    const { origin } = request.headers;
    if (request.routeOptions.config.explains && origin !== undefined && !isAllowed(request, origins)) {
      tellAnyOrigin(request, reply);
      next(foreignOrigin(origin));
    } else if (changesSomething(request) && isForeign(request, origins)) {
      next(foreignOrigin(origin));
    } else {
      next();
    }
  });
}

/** Makes a refusal readable by pages of any origin, if the route explains them. */
export function tellAnyOrigin(request: FastifyRequest, reply: FastifyReply): void {
  if (request.routeOptions.config.explains) void reply.header('access-control-allow-origin', '*');
}

/** Whether answering a request changes something. */
export function changesSomething({ method, routeOptions }: FastifyRequest): boolean {
  return !SAFE_METHODS.has(method) || routeOptions.config.changes === true;
}

function isForeign(request: FastifyRequest, origins: Origins): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (site === 'same-origin' || site === 'none' || isAllowed(request, origins)) return false;
  // The clients of the older services may be pages of any origin in browsers that do not say where a request comes from.
  const byOrigin = request.routeOptions.url?.startsWith('/api/v1/') === true;
  return site === 'cross-site' || (origin !== undefined && byOrigin);
}

function isAllowed({ headers: { origin }, host }: FastifyRequest, origins: Origins): boolean {
  return origins.any || (origin !== undefined && origins.mayUse(origin, host));
}
