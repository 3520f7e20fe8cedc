import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AppError } from '../errors.ts';
import { errorCodes, type ErrorCode } from '../protocol/errors.ts';
import { choice, Stream } from '../protocol/model.ts';
import { named, ref } from './schemas.ts';

/** The media type of errors. @see https://www.rfc-editor.org/rfc/rfc9457 */
export const PROBLEM = 'application/problem+json';

/** Where the page about a code is: the `type` of its problems. */
export const problemPath = (code: ErrorCode): string => `/api/v1/problems/${code}`;

/** A stream that is in the way of one more. */
export const ConflictingStream = named(
  'Stream',
  'A video that holds one of the user’s slots.',
  Stream.properties,
);

/** An error as the REST API answers it. */
export const Problem = named('Problem', 'An error, by RFC 9457.', {
  type: Type.String({ description: 'The page about the code; stable.' }),
  title: Type.String({ description: 'The name of the status.' }),
  status: Type.Integer(),
  detail: Type.String({ description: 'For people: what was wrong, and what to do.' }),
  code: Type.Unsafe<ErrorCode>(choice(Object.keys(errorCodes), 'For programs; stable.')),
  limit: Type.Optional(Type.Integer({ description: 'The limit that was reached.' })),
  current: Type.Optional(Type.Integer({ description: 'How many there are now.' })),
  conflicts: Type.Optional(
    Type.Array(ref(ConflictingStream), { description: 'The streams that hold the slots.' }),
  ),
  retryAfterMs: Type.Optional(Type.Integer({ minimum: 0, description: 'Milliseconds to wait.' })),
});

/**
 * Makes every error of a scope a problem by RFC 9457: an `AppError` with its code and detail, input that Fastify
 * refuses as `bad_request`. Anything else is a bug: it is logged with its stack, and told as `internal`.
 */
export function registerProblems(scope: FastifyInstance): void {
  scope.setErrorHandler(answerError);
  scope.setNotFoundHandler((request: FastifyRequest, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    return sendProblem(reply, new AppError('not_found', `There is no ${request.method} ${path}.`));
  });
}

/** An error handler by which errors are problems. */
export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof AppError ? error : refusedByFastify(error);
  if (!known) request.log.error({ err: error, method: request.method }, 'a request failed by a bug');
  return sendProblem(
    reply,
    known ?? new AppError('internal', 'Something went wrong in the server. Its log says more.'),
    known && !(error instanceof AppError) ? error.statusCode : undefined,
  );
}

/** Says in a header too when to try again. @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function askToWait(reply: FastifyReply, { detail: { retryAfterMs } }: AppError): void {
  if (retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
}

/** @param status Where it says more than the one of the error's code: 413 or 415 for a body that was not read. */
export function sendProblem(reply: FastifyReply, error: AppError, status = error.status): FastifyReply {
  const { code, message, detail } = error;
  // RFC 9110, section 11.6.1: a 401 says how to get in.
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  askToWait(reply, error);
  return reply
    .code(status)
    .type(PROBLEM)
    .serializer(JSON.stringify)
    .send({
      type: problemPath(code),
      title: STATUS_CODES[status],
      status,
      detail: message,
      code,
      ...detail,
    });
}

/** A body that cannot be read: it gets as far as no handler. */
function refusedByFastify({ statusCode = 500, message }: FastifyError): AppError | undefined {
  return statusCode >= 400 && statusCode < 500 ? new AppError('bad_request', message) : undefined;
}
