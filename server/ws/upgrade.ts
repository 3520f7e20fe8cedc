import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/**
 * Lets WebSockets be opened. To be registered before every hook that may refuse a request: only then is the socket of a
 * refused upgrade ended.
 *
 * @param maxMessageBytes Largest frame that is read; a larger one ends the socket with 1009.
 */
export async function registerUpgrade(
  app: FastifyInstance,
  maxMessageBytes: number,
  log: Logger,
): Promise<void> {
  await app.register(websocket, {
    options: { maxPayload: maxMessageBytes, perMessageDeflate: false },
    errorHandler: (error, socket) => {
      log.debug({ err: error }, 'socket ended by an error');
      socket.terminate();
    },
  });
}
