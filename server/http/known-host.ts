import type { FastifyInstance } from 'fastify';
import { unknownHost, type KnownHosts } from '../identity/known-hosts.ts';
import { tellAnyOrigin } from './cross-site.ts';

/** Asked by machines, by whatever name they have for the server, such as a container's. They change nothing and name nobody. */
const MACHINES = new Set(['/healthz', '/readyz', '/metrics']);

/** Refused names that are logged, so that whoever runs the server learns of one that is missing. */
const LOGGED_MAX = 20;

/**
 * Refuses requests to a host that is not this server's. Behind a proxy either name will do, that of `Host` or that of
 * `X-Forwarded-Host`: proxies may send their own name for the server in the former. Browsers always send one.
 */
export function registerKnownHost(app: FastifyInstance, hosts: KnownHosts): void {
  const logged = new Set<string>();
  app.addHook('onRequest', (request, reply, next) => {
    const { host = '' } = request.headers;
    const known = host === '' || hosts.accepts(host) || hosts.accepts(request.host);
    if (known || MACHINES.has(request.routeOptions.url ?? '')) {
      next();
      return;
    }
    const refusal = unknownHost(request.host);
    if (logged.size < LOGGED_MAX && !logged.has(request.host)) {
      logged.add(request.host);
      request.log.warn(`refused: ${refusal.message}`);
    }
    tellAnyOrigin(request, reply);
    next(refusal);
  });
}
