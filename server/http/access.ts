import type { FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { Identity } from '../identity/identity.ts';
import { requireGrantEverywhere, requireIdentity, type Permission } from '../identity/require.ts';
import { isProduction } from '../production.ts';

/** Who may use what has a setting of its own: anybody, who has a token, nobody. */
export function accessTo(
  name: 'STREAM_COUNT_API' | 'CALL_QUALITY_API' | 'METRICS_API',
  config: Config,
): 'open' | 'token' | 'off' {
  return config[name] ?? (isProduction(config) ? 'token' : 'open');
}

/**
 * Lets in who has a token, with one of the grants for every room where any is named. What guests may do while the server is
 * developed with is not enough where a token was asked for.
 *
 * @throws {AppError} `unauthorized`, `forbidden`.
 */
export function requireToken(request: FastifyRequest, ...permissions: Permission[]): Identity {
  const needed = permissions.length > 0 ? ` with the grant ${permissions.join(' or ')}` : '';
  const identity = requireIdentity(request);
  if (!identity.token) throw new AppError('unauthorized', `This needs an access token${needed}.`);
  return permissions.length > 0 ? requireGrantEverywhere(request, ...permissions) : identity;
}
