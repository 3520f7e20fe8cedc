import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { accessTo, requireToken } from './access.ts';
import { answerError } from './problem.ts';

/** Takes the time of every request that is answered, refused ones too. To be registered before the routes. */
export function registerRequestTimes(app: FastifyInstance, { requests }: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    requests.answered({
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    });
    done();
  });
}

/** `GET /metrics`: what Prometheus asks for. It is refused nobody for having asked too often: others may ask from the same address. */
export async function registerMetrics(app: FastifyInstance, metrics: Metrics, config: Config): Promise<void> {
  const access = accessTo('METRICS_API', config);
  await app.register((scope, _options, registered) => {
    scope.setErrorHandler(answerError);
    scope.addHook('onSend', async (_request, reply) => {
      void reply.header('cache-control', 'no-store');
    });
    scope.get('/metrics', async (request, reply) => {
      if (access === 'token') requireToken(request, 'statsRead');
      return reply.type(metrics.contentType).send(await metrics.text());
    });
    registered();
  });
}
