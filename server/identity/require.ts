import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { Grants } from '../protocol/grants.ts';
import type { Identity } from './identity.ts';

/** The grants that one has or has not. */
export type Permission = {
  [Name in keyof Grants]-?: Grants[Name] extends boolean ? Name : never;
}[keyof Grants];

/** Who asks. @throws {AppError} `unauthorized` where nobody is known. */
export function requireIdentity({ identity }: FastifyRequest): Identity {
  if (identity) return identity;
  throw new AppError(
    'unauthorized',
    'There is no access token. Send one, by `Authorization: Bearer` or `?access_token=`.',
  );
}

/** Who asks, and has one of the grants, for whatever room. @throws {AppError} `unauthorized`; `forbidden` without any. */
export function requireGrant(request: FastifyRequest, ...permissions: Permission[]): Identity {
  const identity = requireIdentity(request);
  if (permissions.some((permission) => identity.grants[permission])) return identity;
  throw new AppError('forbidden', `This needs a token with the grant ${permissions.join(' or ')}.`);
}

/** Who asks, and has one of the grants everywhere: a token for one room alone is not enough. @throws {AppError} as `requireGrant`. */
export function requireGrantEverywhere(request: FastifyRequest, ...permissions: Permission[]): Identity {
  const identity = requireGrant(request, ...permissions);
  const { room } = identity.grants;
  if (room !== undefined) {
    throw new AppError(
      'forbidden',
      `This needs a token with ${permissions.join(' or ')} for every room, not for ${room} alone.`,
    );
  }
  return identity;
}
