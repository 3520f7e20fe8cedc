import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { GUEST } from '../identity/identity.ts';
import { MAX_VIDEO_STREAMS } from '../protocol/grants.ts';
import { choice } from '../protocol/model.ts';
import type { UserLimits } from '../streams/user-limits.ts';
import { answer, noContent, refusals } from './answers.ts';
import { byGrantEverywhere } from './by-grant.ts';
import { Body, named, ref, Time } from './schemas.ts';
import { selfOr, User } from './streams.ts';

const Limit = Body(
  {
    maxVideoStreams: Type.Integer({
      minimum: 0,
      maximum: MAX_VIDEO_STREAMS,
      description: 'Videos that the user may watch at once.',
    }),
  },
  { maxVideoStreams: 1 },
);

const LimitAnswer = named('UserLimit', 'How many videos a user may watch at once.', {
  maxVideoStreams: Type.Integer({ description: 'Over all rooms, tabs, devices and players.' }),
  setBy: choice(
    ['token', 'api', 'default'],
    'What says so: the newest token, a request to this path, or the server’s settings.',
  ),
  since: Type.Optional(Time('When the token was issued, or the request came.')),
});

interface ForUser {
  Params: Static<typeof User>;
}

/** `/users/{id}/limit`: how many videos a user may watch at once. The user may read it, and never set it. */
export function registerUserLimits(api: FastifyInstance, limits: UserLimits): void {
  const read = async (userId: string) => {
    const { limit, setBy, since } = await limits.of(userId);
    return { maxVideoStreams: limit, setBy, since };
  };

  api.addSchema(LimitAnswer);
  api.get<ForUser>(
    '/users/:id/limit',
    {
      schema: {
        operationId: 'getLimit',
        summary: 'Reads how many videos a user may watch at once',
        description: 'For the user, or by the grant `statsRead` or `streamsWrite`.',
        tags: ['streams'],
        params: User,
        response: {
          200: answer(ref(LimitAnswer), 'The limit, and who set it.'),
          ...refusals('forbidden'),
        },
      },
      onRequest: selfOr('statsRead', 'streamsWrite'),
    },
    ({ params }) => read(params.id),
  );

  api.put<ForUser & { Body: Static<typeof Limit> }>(
    '/users/:id/limit',
    {
      schema: {
        operationId: 'setLimit',
        summary: 'Sets how many videos a user may watch at once',
        description:
          'By the grant `streamsWrite`; not for guests. It holds until it is deleted, or a token issued later has `maxVideoStreams`. ' +
          'Where more are watched, those started last end.',
        tags: ['streams'],
        params: User,
        body: Limit,
        response: {
          200: answer(ref(LimitAnswer), 'The limit, which is in force.'),
          ...refusals('forbidden'),
        },
      },
      onRequest: byGrantEverywhere('streamsWrite'),
    },
    async ({ params: { id }, body: { maxVideoStreams }, identity, log }) => {
      if (id.startsWith(GUEST)) {
        throw new AppError(
          'bad_request',
          `${id} is a guest: guests have the server’s limit (MAX_STREAMS_PER_USER). Give the user a token to set another one.`,
        );
      }
      log.info({ userId: id, maxVideoStreams, by: identity?.userId }, 'the limit of a user is set');
      await limits.set(id, maxVideoStreams);
      return read(id);
    },
  );

  api.delete<ForUser>(
    '/users/:id/limit',
    {
      schema: {
        operationId: 'unsetLimit',
        summary: 'Takes back the limit that was set for a user',
        description:
          'By the grant `streamsWrite`. From then on the newest token’s holds, or the server’s. Also where none was set.',
        tags: ['streams'],
        params: User,
        response: { 204: noContent('None is set.'), ...refusals('forbidden') },
      },
      onRequest: byGrantEverywhere('streamsWrite'),
    },
    async ({ params: { id }, identity, log }, reply) => {
      log.info({ userId: id, by: identity?.userId }, 'the limit of a user is no longer set');
      await limits.unset(id);
      return reply.code(204).send();
    },
  );
}
