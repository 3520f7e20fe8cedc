import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { registerHealth, type ReadinessChecks } from './http/health.ts';
import { registerPages } from './http/pages.ts';
import { registerGuests } from './identity/guest.ts';
import type { RoomRegistry } from './rooms/registry.ts';
import { registerSignalling } from './ws/signalling.ts';

export interface AppDependencies {
  config: Config;
  log: Logger;
  rooms: RoomRegistry;
  checks: ReadinessChecks;
  cookieSecret: string;
  /** The folder of the built client. */
  clientDir: string;
}

/** Puts the server together: every plugin and route, in the order in which a request meets them. */
export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { config, log, rooms, checks, cookieSecret, clientDir } = dependencies;
  const loggerInstance: FastifyBaseLogger = log;
  const logController = new LogController({ disableRequestLogging: true });
  const app = fastify({ loggerInstance, logController, forceCloseConnections: true });

  registerHealth(app, checks);
  await registerGuests(app, cookieSecret);
  await registerSignalling(app, {
    rooms,
    log,
    maxMessageBytes: config.MESSAGE_MAX_BYTES,
    allowedOrigins: config.ALLOWED_ORIGINS.split(',').map((origin) => origin.trim()),
    limits: {
      messagesPerSecond: config.MESSAGES_PER_SECOND,
      messagesBurst: config.MESSAGES_BURST,
      unsentMaxBytes: config.UNSENT_MAX_BYTES,
      pingInterval: config.PING_INTERVAL_MS,
      pingTimeout: config.PING_TIMEOUT_MS,
    },
  });
  await registerPages(app, clientDir);
  return app;
}
