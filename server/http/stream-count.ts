import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { DeclaredStreams } from '../streams/declared.ts';
import { accessTo, requireToken } from './access.ts';
import type { Limits } from './limits.ts';
import { endpoint, registerOlderService } from './older-service.ts';

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

interface OfUser {
  Params: { user_id?: string };
}

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
  const access = accessTo('STREAM_COUNT_API', config);
  if (access === 'off') return;
  const lease = config.STREAM_COUNT_LEASE_MS;

  const start = async (userId: string) => {
    try {
      const { held } = await declared.start(userId, {
        label: undefined,
        lease,
        origin: 'stream_count',
        onLimit: 'reject',
      });
      return { streamStatus: { isNewStreamAllowed: true, streamCount: held } };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'stream_limit') throw error;
      return { streamStatus: { isNewStreamAllowed: false, streamCount: error.detail.current ?? 0 } };
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

  await registerOlderService(app, count, (scope) => {
    endpoint(scope, '/api', { GET: { work: () => endpoints }, head: true });
    for (const [path, work] of [
      ['/api/startstream/:user_id', start],
      ['/api/endstream/:user_id', end],
    ] as const) {
      endpoint<OfUser>(scope, path, {
        GET: {
          changes: true,
          admit: (request) => {
            if (access === 'token') requireToken(request, 'streamsWrite');
          },
          work: ({ params }) => work(userIdOf(params.user_id ?? '')),
        },
      });
    }
  });
}

/** The user of everything else that the older service knows by a number: 7 and 007 are the user `7`. */
function userIdOf(text: string): string {
  if (/^[0-9]{1,15}$/.test(text)) return String(Number(text));
  throw new AppError('bad_request', 'user_id is invalid , needs to be a number');
}
