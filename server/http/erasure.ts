import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import type { Erasure } from '../identity/erasure.ts';
import { answer, refusals } from './answers.ts';
import { byGrantEverywhere } from './by-grant.ts';
import { fromDatabase } from './database.ts';
import { named, ref } from './schemas.ts';
import { User } from './streams.ts';

/** How long one request may take, in ms. What is erased by then stays erased. */
const DEADLINE_MS = 20_000;

const counts = (description: string) => Type.Record(Type.String(), Type.Integer(), { description });
const ErasedHistory = named('ErasedHistory', 'What was erased of a user.', {
  erased: counts('How many records, by table, name the user no more.'),
  open: counts(
    'How many, by table, still do: the user is in a call, or holds a slot. Repeat the request when that is over.',
  ),
});

/** `DELETE /users/{id}/history`: forgets a person, and keeps what calls were like. */
export function registerErasure(api: FastifyInstance, erasure: Erasure): void {
  api.addSchema(ErasedHistory);
  api.delete<{ Params: Static<typeof User> }>(
    '/users/:id/history',
    {
      schema: {
        operationId: 'eraseHistory',
        summary: 'Erases a user from everything that is recorded',
        description:
          'Calls, streams, statistics and reports stay, under a random pseudonym that nobody knows. It cannot be undone, and may be repeated. Needs the grant `roomAdmin` for every room.',
        tags: ['users'],
        params: User,
        response: {
          200: answer(ref(ErasedHistory), 'What has ended names the user no more.'),
          ...refusals('forbidden'),
        },
      },
      onRequest: byGrantEverywhere('roomAdmin'),
    },
    async (request) => {
      const { id } = request.params;
      const done = await fromDatabase(request, erasure.erase(id, AbortSignal.timeout(DEADLINE_MS)));
      if (!done) {
        throw new AppError(
          'unavailable',
          `The user has more history than can be erased in ${DEADLINE_MS / 1000} s: a part of it is erased. Repeat the request for the rest.`,
        );
      }
      // Not of whom: that is what is to be forgotten.
      request.log.info({ ...done, by: request.identity?.userId }, 'a user was erased');
      return done;
    },
  );
}
