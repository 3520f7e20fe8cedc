import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RouteGenericInterface,
} from 'fastify';
import { AppError } from '../errors.ts';
import type { Limits } from './limits.ts';
import { askToWait } from './problem.ts';

/**
 * A scope for the paths of an older service, whose clients go on unchanged: pages of any origin may ask, no cache answers in its
 * place, and errors are `{ msg }`.
 */
export async function registerOlderService(
  app: FastifyInstance,
  count: Limits['count'],
  paths: (scope: FastifyInstance) => void,
): Promise<void> {
  await app.register((scope, _options, registered) => {
    scope.setErrorHandler(sendMessage);
    scope.addHook('onRequest', count);
    scope.addHook('onSend', async (_request, reply) => {
      void reply.header('access-control-allow-origin', '*').header('cache-control', 'no-store');
    });
    takeJson(scope);
    paths(scope);
    registered();
  });
}

/** What a path does by a method. */
interface Method<Route extends RouteGenericInterface> {
  /** It changes something though it is a GET. */
  changes?: true;
  /** Refuses who may not, by throwing, before the body is looked at. */
  admit?: (request: FastifyRequest) => void;
  work: (request: FastifyRequest<Route>, reply: FastifyReply) => unknown;
}

/** A path with its methods and preflights; every other method is refused. A slash at its end makes no difference. */
export function endpoint<Route extends RouteGenericInterface>(
  scope: FastifyInstance,
  path: string,
  { head = false, ...works }: { GET?: Method<Route>; POST?: Method<Route>; head?: boolean },
): void {
  const methods = [...(works.GET ? ['GET'] : []), ...(head ? ['HEAD'] : []), ...(works.POST ? ['POST'] : [])];
  const allowed = [...methods, 'OPTIONS'];
  const refuse = (_request: FastifyRequest, reply: FastifyReply): void => {
    void reply.code(405).header('allow', allowed.join(', ')).send({ msg: 'Method not allowed' });
  };
  for (const url of [path, `${path}/`]) {
    for (const method of ['GET', 'POST'] as const) {
      const { admit, work, changes } = works[method] ?? {};
      if (!work) continue;
      scope.route({
        method,
        url,
        exposeHeadRoute: head,
        ...(changes && { config: { changes } }),
        onRequest: (request, _reply, next) => {
          admit?.(request);
          next();
        },
        handler: (request, reply) => work(request as FastifyRequest<Route>, reply),
      });
    }
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

/** Bodies are JSON, whatever they say that they are, such as `text/plain` by `sendBeacon`; an empty one is none. */
function takeJson(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') {
      done(null, undefined);
      return;
    }
    void parse(request, body, (error, value) => {
      if (error) done(new AppError('bad_request', 'The body cannot be read: send JSON, by RFC 8259.'));
      else done(null, value);
    });
  });
}

function sendMessage(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof AppError) {
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    askToWait(reply, error);
    return reply.code(error.status).send({ msg: error.message });
  }
  const { statusCode = 500 } = error;
  if (statusCode >= 400 && statusCode < 500) return reply.code(statusCode).send({ msg: error.message });
  request.log.error({ err: error }, 'a request failed by a bug');
  return reply.code(500).send({ msg: 'Something went wrong in the server. Its log says more.' });
}
