import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { requireGrant } from '../identity/require.ts';
import type { Revocations } from '../identity/revocations.ts';
import { MAX_LIFETIME } from '../identity/tokens.ts';
import { Exactly } from '../protocol/model.ts';
import { checkByTypeBox } from './schemas.ts';

const Visible = Type.String({ pattern: '^[^\\p{Cc}\\p{Cs}]{1,128}$' });
const Body = Exactly({ userId: Visible, jti: Type.Optional(Visible) });

/** `POST /revocations` { userId, jti? }: ends one token of a user, or all that were made until now. */
export function registerRevocations(api: FastifyInstance, revocations: Revocations): void {
  api.post<{ Body: Static<typeof Body> }>(
    '/revocations',
    {
      schema: { body: Body },
      validatorCompiler: checkByTypeBox,
      onRequest: (request, _reply, granted) => {
        requireGrant(request, 'roomAdmin');
        granted();
      },
    },
    async (request, reply) => {
      const { userId, jti: tokenId } = request.body;
      const revokedAt = new Date();
      const expiresAt = new Date(revokedAt.getTime() + MAX_LIFETIME);
      request.log.info({ userId, tokenId, by: request.identity?.userId }, 'tokens are revoked');
      try {
        await revocations.revoke({ userId, tokenId, revokedAt, expiresAt });
      } catch (error) {
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
