import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What is on no path is answered as the older stream-count service did; /api/v1 has its own way. */
export function registerNotFound(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ msg: 'Route not found' }));
}

/** A path that cannot be decoded gets as far as no route: to the older service, it named no user. */
export function refusePath(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const older = /^\/api\/(start|end)stream\//.test(request.raw.url ?? '');
  void reply
    .code(400)
    .header('access-control-allow-origin', '*')
    .send({ msg: older ? 'user_id is invalid , needs to be a number' : 'The path cannot be decoded' });
}
