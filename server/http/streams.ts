import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import type { Config } from '../config.ts';
import { requireGrant, requireIdentity, type Permission } from '../identity/require.ts';
import type { Grants } from '../protocol/grants.ts';
import { Exactly } from '../protocol/model.ts';
import type { DeclaredStreams } from '../streams/declared.ts';
import type { HeldStream } from '../streams/slot-ledger.ts';
import { checkByTypeBox } from './schemas.ts';

const text = (what: string) =>
  Type.String({
    pattern: '^[^\\p{Cc}\\p{Cs}]{1,128}$',
    description: `${what}: 1 to 128 characters that can be seen`,
  });

const User = Exactly({ id: text('A user') });
const UserStream = Exactly({ id: text('A user'), streamId: Type.String() });
const Start = Type.Union([
  Exactly({
    label: Type.Optional(text('What the stream is, for people')),
    replace: Type.Optional(Type.String({ description: 'The id of the stream that ends for this one' })),
    onLimit: Type.Optional(Type.Enum(['reject', 'replace_oldest'])),
  }),
  Type.Null({ description: 'No body' }),
]);

interface ForUser {
  Params: Static<typeof User>;
}
interface ForStream {
  Params: Static<typeof UserStream>;
}

/**
 * `/users/{id}/streams`: what holds a user's slots, and the streams among them that play outside the SFU. Their player
 * declares one before it plays, renews it while it plays, and stops where a renewal is answered 410.
 */
export async function registerStreams(
  api: FastifyInstance,
  declared: DeclaredStreams,
  config: Config,
): Promise<void> {
  const lease = config.DECLARED_LEASE_MS;

  await api.register((scope, _options, registered) => {
    scope.setValidatorCompiler(checkByTypeBox);

    scope.get<ForUser>(
      '/users/:id/streams',
      { schema: { params: User }, onRequest: selfOr('statsRead') },
      async (request) => ({
        limit: ownGrants(request)?.maxVideoStreams ?? config.MAX_STREAMS_PER_USER,
        streams: (await declared.held(request.params.id)).map(described),
      }),
    );

    scope.post<ForUser & { Body: Static<typeof Start> }>(
      '/users/:id/streams',
      { schema: { params: User, body: Start }, onRequest: selfOr('streamsWrite') },
      async (request, reply) => {
        const { params, body } = request;
        const { stream } = await declared.start(params.id, {
          label: body?.label,
          replace: body?.replace,
          onLimit: body?.onLimit ?? ownGrants(request)?.onLimit ?? 'reject',
          limit: ownGrants(request)?.maxVideoStreams ?? config.MAX_STREAMS_PER_USER,
          lease,
          origin: 'declared',
        });
        const location = `/api/v1/users/${encodeURIComponent(params.id)}/streams/${stream.id}`;
        return reply.code(201).header('location', location).send(renewable(stream, lease));
      },
    );

    scope.put<ForStream>(
      '/users/:id/streams/:streamId',
      { schema: { params: UserStream }, onRequest: selfOr('streamsWrite') },
      async ({ params }) => renewable(await declared.renew(params.id, params.streamId, lease), lease),
    );

    scope.delete<ForStream>(
      '/users/:id/streams/:streamId',
      { schema: { params: UserStream }, onRequest: selfOr('streamsWrite') },
      async ({ params }, reply) => {
        await declared.end(params.id, params.streamId);
        return reply.code(204).send();
      },
    );
    registered();
  });
}

/** Lets in the user that a path is about, and others by a grant; before anything else of the request is looked at. */
function selfOr(permission: Permission) {
  return (request: FastifyRequest<ForUser>, _reply: FastifyReply, next: () => void): void => {
    if (requireIdentity(request).userId !== request.params.id) requireGrant(request, permission);
    next();
  };
}

/** What the user that a path is about may do, where that is who asks; of others nothing is known here. */
function ownGrants({ identity, params }: FastifyRequest<ForUser>): Grants | undefined {
  return identity?.userId === params.id ? identity.grants : undefined;
}

/** A stream as its player knows it, which has to be renewed within so many ms. */
function renewable({ id, label, startedAt, leaseUntil }: HeldStream, lease: number) {
  return { id, label, startedAt, leaseUntil, renewWithinMs: lease };
}

/** A stream as it is told: whose it is, the path says. */
function described(held: HeldStream) {
  const { id, origin, label, roomName, publisherName, source, startedAt, leaseUntil } = held;
  return { id, origin, label, roomName, publisherName, source, startedAt, leaseUntil };
}
