import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { requireGrantEverywhere } from '../identity/require.ts';
import { isProduction } from '../production.ts';
import type { DeclaredStreams } from '../streams/declared.ts';
import type { Limits } from './limits.ts';
import { askToWait } from './problem.ts';

/** What the older service's clients wait for, to the letter. */
const endpoints = {
  'GET /api': {
    description: 'Serves a JSON representation of all the available endpoints of the API.',
    example: { 'GET /api': { description: '…', example: '…' } },
  },
  'GET /api/startstream/:user_id': {
    description:
      'Starts a stream for a user and says how many the user has now; where that is the limit already, none is started.',
    example: { streamStatus: { isNewStreamAllowed: true, streamCount: 1 } },
  },
  'GET /api/endstream/:user_id': {
    description: 'Ends the stream of a user that was started first, and says how many are left.',
    example: { streamStatus: { msg: 'stream closed', streamCount: 0 } },
  },
};

type UserRequest = FastifyRequest<{ Params: { user_id?: string } }>;

/**
 * The older stream-count service, so that its clients go on unchanged: its streams hold the same slots as the SFU's, and
 * its errors are `{ msg }`. A start and an end are GET, as they were there, and never HEAD.
 */
export async function registerStreamCount(
  app: FastifyInstance,
  declared: DeclaredStreams,
  config: Config,
  count: Limits['count'],
): Promise<void> {
  const access = config.STREAM_COUNT_API ?? (isProduction(config) ? 'token' : 'open');
  if (access === 'off') return;
  const [lease, limit] = [config.STREAM_COUNT_LEASE_MS, config.MAX_STREAMS_PER_USER];

  const start = async (userId: string) => {
    try {
      const { held } = await declared.start(userId, {
        label: undefined,
        lease,
        limit,
        origin: 'stream_count',
        onLimit: 'reject',
      });
      return { streamStatus: { isNewStreamAllowed: true, streamCount: held } };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'stream_limit') throw error;
      return { streamStatus: { isNewStreamAllowed: false, streamCount: error.detail.current ?? limit } };
    }
  };

  const end = async (userId: string) => {
    const ended = await declared.endOldest(userId, 'stream_count');
    if (ended) return { streamStatus: { msg: 'stream closed', streamCount: ended.held } };
    throw new AppError(
      'bad_request',
      (await declared.knows(userId))
        ? 'no active streams to close for user'
        : 'user_id not present in the database',
    );
  };

  await app.register((scope, _options, registered) => {
    scope.setErrorHandler(sendMessage);
    scope.addHook('onRequest', count);
    scope.addHook('onSend', async (_request, reply) => {
      void reply.header('access-control-allow-origin', '*').header('cache-control', 'no-store');
    });
    endpoint(scope, '/api', ['GET', 'HEAD'], () => endpoints);
    for (const [path, work] of [
      ['/api/startstream/:user_id', start],
      ['/api/endstream/:user_id', end],
    ] as const) {
      endpoint(scope, path, ['GET'], (request) => {
        if (access === 'token') requireToken(request);
        return work(userIdOf(request.params.user_id ?? ''));
      });
    }
    registered();
  });
}

/** A path by GET, with its preflights; every other method is refused. A slash at its end makes no difference. */
function endpoint(
  scope: FastifyInstance,
  path: string,
  methods: string[],
  get: (request: UserRequest) => unknown,
): void {
  const allowed = [...methods, 'OPTIONS'];
  const refuse = (_request: FastifyRequest, reply: FastifyReply): void => {
    void reply.code(405).header('allow', allowed.join(', ')).send({ msg: 'Method not allowed' });
  };
  for (const url of [path, `${path}/`]) {
    scope.get(url, { exposeHeadRoute: methods.includes('HEAD') }, (request: UserRequest) => get(request));
    scope.options(url, (request, reply) =>
      reply
        .code(204)
        .header('allow', allowed.join(', '))
        .header('access-control-allow-methods', methods.join(', '))
        .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
        .header('vary', 'Access-Control-Request-Headers')
        .send(),
    );
    // In a hook as well: refused before a body of whatever kind is looked at.
    const method = scope.supportedMethods.filter((one) => !allowed.includes(one));
    scope.route({ method, url, onRequest: refuse, handler: refuse });
  }
}

/** What guests may do while the server is developed with is not enough where a token was asked for. */
function requireToken(request: FastifyRequest): void {
  if (requireGrantEverywhere(request, 'streamsWrite').token) return;
  throw new AppError('unauthorized', 'This needs an access token with the grant streamsWrite.');
}

/** The user of everything else that the older service knows by a number: 7 and 007 are the user `7`. */
function userIdOf(text: string): string {
  if (/^[0-9]{1,15}$/.test(text)) return String(Number(text));
  throw new AppError('bad_request', 'user_id is invalid , needs to be a number');
}

function sendMessage(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof AppError) {
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    askToWait(reply, error);
    return reply.code(error.status).send({ msg: error.message });
  }
  request.log.error({ err: error }, 'a request failed by a bug');
  return reply.code(500).send({ msg: 'Something went wrong in the server. Its log says more.' });
}
