import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { sendProblem } from './problem.ts';

/** What is on no path is answered as the older stream-count service did; /api/v1 has its own way. */
export function registerNotFound(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ msg: 'Route not found' }));
}

/** A path that cannot be decoded gets as far as no route, and no hook: to the older service, it named no user. */
export function refusePath(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const path = request.raw.url ?? '';
  void reply.headers({
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'",
  });
  if (path.startsWith('/api/v1/')) {
    void sendProblem(
      reply,
      new AppError('bad_request', 'The path cannot be decoded. Escape it by RFC 3986.'),
    );
    return;
  }
  const older = /^\/api\/(start|end)stream\//.test(path);
  void reply
    .code(400)
    .header('access-control-allow-origin', '*')
    .send({ msg: older ? 'user_id is invalid , needs to be a number' : 'The path cannot be decoded' });
}
