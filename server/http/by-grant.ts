import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireGrant, requireGrantEverywhere, type Permission } from '../identity/require.ts';

type Hook = (request: FastifyRequest, reply: FastifyReply, next: () => void) => void;

/** An `onRequest` hook: lets in who has a grant, for whatever room, before anything else of the request is looked at. */
export function byGrant(permission: Permission): Hook {
  return (request, _reply, next) => {
    requireGrant(request, permission);
    next();
  };
}

/** The same for who has a grant for every room. */
export function byGrantEverywhere(permission: Permission): Hook {
  return (request, _reply, next) => {
    requireGrantEverywhere(request, permission);
    next();
  };
}
