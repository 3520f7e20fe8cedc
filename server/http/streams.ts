import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { requireGrantEverywhere, requireIdentity, type Permission } from '../identity/require.ts';
import type { Grants } from '../protocol/grants.ts';
import { choice, DisplayName, Exactly, RoomName, TrackSource } from '../protocol/model.ts';
import type { DeclaredStreams } from '../streams/declared.ts';
import type { HeldStream } from '../streams/slot-ledger.ts';
import { answer, noContent, refusals } from './answers.ts';
import { named, OptionalBody, ref, Time } from './schemas.ts';

const text = (what: string) =>
  Type.String({
    pattern: '^[^\\p{Cc}\\p{Cs}]{1,128}$',
    description: `${what}: 1 to 128 characters that can be seen`,
  });

/** How a path names a user. */
export const User = Exactly({ id: text('A user') });
const UserStream = Exactly({
  id: text('A user'),
  streamId: Type.String({ description: 'The id of a stream' }),
});
const Start = OptionalBody(
  {
    label: Type.Optional(text('What the stream is, for people')),
    replace: Type.Optional(Type.String({ description: 'The id of the stream that ends for this one' })),
    onLimit: Type.Optional(choice(['reject', 'replace_oldest'], 'What happens where every slot is held.')),
  },
  { label: 'Living room' },
);

const Label = Type.Optional(Type.String({ description: 'What its player says of it.' }));
const LeaseUntil = Time('When its slot is given back, unless it is renewed.');

/** A stream as it is told: whose it is, the path says. */
const HeldStreamAnswer = named('HeldStream', 'What holds one of a user’s slots.', {
  id: Type.String(),
  origin: choice(['sfu', 'declared', 'stream_count'], 'Who plays it: a call, or a player outside.'),
  label: Label,
  roomName: Type.Optional(RoomName),
  publisherName: Type.Optional(DisplayName),
  source: Type.Optional(TrackSource),
  startedAt: Time('When it took its slot.'),
  leaseUntil: LeaseUntil,
});

const DeclaredStream = named('DeclaredStream', 'A stream as its player knows it.', {
  id: Type.String(),
  label: Label,
  startedAt: Time('When it took its slot.'),
  leaseUntil: LeaseUntil,
  renewWithinMs: Type.Integer({ description: 'How long the slot is held without being renewed, in ms.' }),
});

const HeldStreams = named('HeldStreams', 'What holds a user’s slots now.', {
  limit: Type.Integer({ description: 'How many the user may have.' }),
  streams: Type.Array(ref(HeldStreamAnswer), { description: 'The longest held first.' }),
});

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
export function registerStreams(api: FastifyInstance, declared: DeclaredStreams, config: Config): void {
  const lease = config.DECLARED_LEASE_MS;

  for (const schema of [HeldStreamAnswer, HeldStreams, DeclaredStream]) api.addSchema(schema);
  api.get<ForUser>(
    '/users/:id/streams',
    {
      schema: {
        operationId: 'listStreams',
        summary: 'Lists what holds a user’s slots now',
        description: 'For the user, or by the grant `statsRead`.',
        tags: ['streams'],
        params: User,
        response: {
          200: answer(ref(HeldStreams), 'The streams, and how many there may be.'),
          ...refusals('forbidden'),
        },
      },
      onRequest: selfOr('statsRead'),
    },
    async ({ params }) => {
      const { limit, streams } = await declared.held(params.id);
      return { limit, streams: streams.map(described) };
    },
  );

  api.post<ForUser & { Body: Static<typeof Start> }>(
    '/users/:id/streams',
    {
      schema: {
        operationId: 'declareStream',
        summary: 'Takes a slot for a player outside',
        description: 'For the user, or by the grant `streamsWrite`.',
        tags: ['streams'],
        params: User,
        body: Start,
        response: {
          201: answer(ref(DeclaredStream), 'The slot is taken.', {
            location: Type.String({ description: 'Where the stream is renewed and ended.' }),
          }),
          ...refusals('forbidden', 'not_found', 'stream_limit', 'gone'),
        },
      },
      onRequest: selfOr('streamsWrite'),
    },
    async (request, reply) => {
      const { params, body } = request;
      const starting = declared.start(params.id, {
        label: body?.label,
        replace: body?.replace,
        onLimit: body?.onLimit ?? ownGrants(request)?.onLimit ?? 'reject',
        lease,
        origin: 'declared',
      });
      const { stream } = await starting.catch((error: unknown) => {
        throw mayRead(request) ? error : withoutNames(error);
      });
      const location = `/api/v1/users/${encodeURIComponent(params.id)}/streams/${stream.id}`;
      return reply.code(201).header('location', location).send(renewable(stream, lease));
    },
  );

  api.put<ForStream>(
    '/users/:id/streams/:streamId',
    {
      schema: {
        operationId: 'renewStream',
        summary: 'Renews a declared stream',
        description:
          'For the user, or by the grant `streamsWrite`. Where it is answered 410, the player has to stop.',
        tags: ['streams'],
        params: UserStream,
        response: {
          200: answer(ref(DeclaredStream), 'The slot is held for longer.'),
          ...refusals('forbidden', 'not_found', 'gone'),
        },
      },
      onRequest: selfOr('streamsWrite'),
    },
    async ({ params }) => renewable(await declared.renew(params.id, params.streamId, lease), lease),
  );

  api.delete<ForStream>(
    '/users/:id/streams/:streamId',
    {
      schema: {
        operationId: 'endStream',
        summary: 'Ends a declared stream',
        description: 'For the user, or by the grant `streamsWrite`.',
        tags: ['streams'],
        params: UserStream,
        response: {
          204: noContent('The slot is given back.'),
          ...refusals('forbidden', 'not_found', 'gone'),
        },
      },
      onRequest: selfOr('streamsWrite'),
    },
    async ({ params }, reply) => {
      await declared.end(params.id, params.streamId);
      return reply.code(204).send();
    },
  );
}

/** Lets in the user that a path is about, and others by one of the grants; before anything else of the request is looked at. */
export function selfOr(...permissions: Permission[]) {
  return (request: FastifyRequest<ForUser>, _reply: FastifyReply, next: () => void): void => {
    if (requireIdentity(request).userId !== request.params.id)
      requireGrantEverywhere(request, ...permissions);
    next();
  };
}

/** Whether who asks may know what the user that a path is about watches. */
function mayRead({ identity, params }: FastifyRequest<ForUser>): boolean {
  return identity?.userId === params.id || identity?.grants.statsRead === true;
}

/** Which streams are in the way of one more is said, and not what is watched, nor where. */
function withoutNames(error: unknown): unknown {
  if (!(error instanceof AppError) || !error.detail.conflicts) return error;
  const conflicts = error.detail.conflicts.map(({ streamId, where }) => ({ streamId, where }));
  return new AppError(error.code, error.message, { ...error.detail, conflicts });
}

/** What the user that a path is about may do, where that is who asks; of others nothing is known here. */
function ownGrants({ identity, params }: FastifyRequest<ForUser>): Grants | undefined {
  return identity?.userId === params.id ? identity.grants : undefined;
}

/** A stream as its player knows it, which has to be renewed within so many ms. */
function renewable({ id, label, startedAt, leaseUntil }: HeldStream, lease: number) {
  return { id, label, startedAt, leaseUntil, renewWithinMs: lease };
}

function described(held: HeldStream) {
  const { id, origin, label, roomName, publisherName, source, startedAt, leaseUntil } = held;
  return { id, origin, label, roomName, publisherName, source, startedAt, leaseUntil };
}
