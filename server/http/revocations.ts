import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { isUnreachable } from '../unreachable.ts';
import type { Revocations } from '../identity/revocations.ts';
import { MAX_LIFETIME } from '../identity/tokens.ts';
import { noContent, refusals } from './answers.ts';
import { byGrantEverywhere } from './by-grant.ts';
import { Body } from './schemas.ts';

const visible = (description: string) => Type.String({ pattern: '^[^\\p{Cc}\\p{Cs}]{1,128}$', description });
const Revocation = Body(
  {
    userId: visible('Whose tokens: 1 to 128 characters that can be seen.'),
    jti: Type.Optional(
      visible(
        'The one token, 1 to 128 characters that can be seen; without it, all that were made until now.',
      ),
    ),
  },
  { userId: 'ada' },
);

/** `POST /revocations` { userId, jti? }: ends one token of a user, or all that were made until now. */
export function registerRevocations(api: FastifyInstance, revocations: Revocations): void {
  api.post<{ Body: Static<typeof Revocation> }>(
    '/revocations',
    {
      schema: {
        operationId: 'revokeTokens',
        summary: 'Ends tokens of a user',
        description:
          'Whoever is connected by one is disconnected. Needs the grant `roomAdmin` for every room.',
        tags: ['tokens'],
        body: Revocation,
        response: { 204: noContent('They are revoked.'), ...refusals('forbidden') },
      },
      onRequest: byGrantEverywhere('roomAdmin'),
    },
    async (request, reply) => {
      const { userId, jti: tokenId } = request.body;
      const revokedAt = new Date();
      const expiresAt = new Date(revokedAt.getTime() + MAX_LIFETIME);
      request.log.info({ userId, tokenId, by: request.identity?.userId }, 'tokens are revoked');
      try {
        await revocations.revoke({ userId, tokenId, roomName: undefined, revokedAt, expiresAt });
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        request.log.error({ err: error }, 'a revocation could not be recorded');
        throw new AppError(
          'unavailable',
          'The database does not answer now: the revocation holds until this server stops. Repeat it.',
        );
      }
      return reply.code(204).send();
    },
  );
}
