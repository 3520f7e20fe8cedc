import type { FastifyInstance } from 'fastify';

/** What must be there before calls can be served; each says by a promise whether it is. */
export type ReadinessChecks = Record<string, () => Promise<boolean> | boolean>;

/** `/healthz`: the process is alive. `/readyz`: everything that calls need is there, else 503 and what is missing. */
export function registerHealth(app: FastifyInstance, checks: ReadinessChecks): void {
  app.get('/healthz', () => ({ status: 'alive' }));

  app.get('/readyz', async (_request, reply) => {
    const parts = Object.fromEntries(
      await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await check()] as const)),
    );
    const ready = Object.values(parts).every(Boolean);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', ...parts });
  });
}
