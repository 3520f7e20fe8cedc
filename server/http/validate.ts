import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requireIdentity } from '../identity/require.ts';
import { choice, TrackSource } from '../protocol/model.ts';
import { answer } from './answers.ts';
import { named, ref } from './schemas.ts';

const GrantsAnswer = named('Grants', 'What somebody may do.', {
  roomJoin: Type.Boolean(),
  room: Type.Optional(Type.String({ description: 'The one room that they are about.' })),
  canPublish: Type.Boolean(),
  canSubscribe: Type.Boolean(),
  canPublishData: Type.Boolean(),
  canPublishSources: Type.Optional(Type.Array(TrackSource, { description: 'Without it: every source.' })),
  roomCreate: Type.Boolean(),
  roomList: Type.Boolean(),
  roomAdmin: Type.Boolean(),
  hidden: Type.Boolean(),
  maxVideoStreams: Type.Optional(
    Type.Integer({
      description: 'Videos at once, as the token says; the limit in force may be another one.',
    }),
  ),
  onLimit: choice(['reject', 'replace_oldest'], 'What becomes of one more video than that.'),
  statsRead: Type.Boolean(),
  streamsWrite: Type.Boolean(),
});

const Who = named('Who', 'Who asks.', {
  userId: Type.String(),
  displayName: Type.Optional(Type.String()),
  guest: Type.Boolean({ description: 'Known by a cookie alone.' }),
  grants: ref(GrantsAnswer),
  expiresAt: Type.Optional(
    Type.Integer({ description: 'When the token ends, leeway included, in ms since the epoch.' }),
  ),
});

/**
 * `GET /validate`: who asks and what they may do, or why not, which browsers are not told of a refused WebSocket. A page whose origin or
 * host name the server refuses can read that here, of whatever origin it is.
 *
 * @param refuseSocket Refuses who may not open one more, by throwing.
 */
export function registerValidate(
  scope: FastifyInstance,
  refuseSocket: (request: FastifyRequest) => void,
): void {
  for (const schema of [GrantsAnswer, Who]) scope.addSchema(schema);
  scope.get(
    '/validate',
    {
      config: { explains: true },
      schema: {
        operationId: 'validate',
        summary: 'Says who asks, and what they may do',
        description:
          'Or why a token, the origin of a page or one more connection is refused, which a browser cannot read where it opens a WebSocket.',
        tags: ['tokens'],
        response: { 200: answer(ref(Who), 'The user, and the grants.') },
      },
    },
    (request, reply) => {
      const { userId, displayName, grants, token } = requireIdentity(request);
      refuseSocket(request);
      void reply.header('cache-control', 'no-store');
      return { userId, displayName, guest: token === undefined, grants, expiresAt: token?.expiresAt };
    },
  );
}
