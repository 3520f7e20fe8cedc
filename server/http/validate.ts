import type { FastifyInstance } from 'fastify';
import { requireIdentity } from '../identity/require.ts';

/** `GET /validate`: who asks and what they may do, or why not, which browsers are not told of a refused WebSocket. */
export function registerValidate(scope: FastifyInstance): void {
  scope.get('/validate', (request, reply) => {
    const { userId, displayName, grants, token } = requireIdentity(request);
    void reply.header('cache-control', 'no-store');
    return { userId, displayName, guest: token === undefined, grants, expiresAt: token?.expiresAt };
  });
}
