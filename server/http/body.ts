import type { FastifyInstance } from 'fastify';

/** Takes an empty body for none: clients send `content-type: application/json` with every request, some with nothing behind it. */
export function acceptEmptyJson(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
}
