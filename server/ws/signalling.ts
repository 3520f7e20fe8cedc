import type { IncomingMessage } from 'node:http';
import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { guestCookieFor } from '../identity/guest.ts';
import type { AnnouncedAddresses } from '../media/announced-addresses.ts';
import { routerRtpCapabilities } from '../media/codecs.ts';
import type { TurnOptions } from '../media/ice-servers.ts';
import { PROTOCOL_VERSION } from '../protocol/notifications.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Streams } from '../streams/streams.ts';
import { Resumption } from './resumption.ts';
import { Connection, type ConnectionLimits } from './connection.ts';

export interface SignallingOptions {
  rooms: RoomRegistry;
  streams: Streams;
  announced: AnnouncedAddresses;
  turn: TurnOptions;
  /** Largest frame that is read, in bytes; a larger one ends the socket with 1009. */
  maxMessageBytes: number;
  /** Origins, beside the server's own, whose pages may connect; `*` is any. */
  allowedOrigins: string[];
  /** Time that a participant whose connection broke may take to come back, in ms. */
  resumeGrace: number;
  limits: ConnectionLimits;
  log: Logger;
}

/** The signalling: a WebSocket at /ws that speaks the protocol of server/protocol. */
export async function registerSignalling(app: FastifyInstance, options: SignallingOptions): Promise<void> {
  const { rooms, streams, announced, turn, maxMessageBytes, allowedOrigins, limits, log } = options;
  const resumption = new Resumption(options.resumeGrace);
  await app.register(websocket, {
    options: { maxPayload: maxMessageBytes, perMessageDeflate: false },
    errorHandler: (error, socket) => {
      log.debug({ err: error }, 'socket ended by an error');
      socket.terminate();
    },
  });

  app.websocketServer.on('headers', (headers: string[], upgrade: IncomingMessage) => {
    const guest = guestCookieFor(upgrade);
    if (guest !== undefined) headers.push(`Set-Cookie: ${guest}`);
  });

  app.get(
    '/ws',
    {
      websocket: true,
      preValidation: async (request, reply) => {
        if (isOriginAllowed(request, allowedOrigins)) return;
        log.warn({ origin: request.headers.origin }, 'signalling refused: foreign origin');
        await reply.code(403).send({ code: 'forbidden', message: 'This origin may not connect.' });
      },
    },
    (socket, request) => {
      const { userId } = request;
      const connection = new Connection(socket, {
        context: { userId, rooms, streams, resumption, announced, turn },
        limits,
        log: log.child({ userId }),
      });
      connection.notify({
        event: 'hello',
        data: { protocol: PROTOCOL_VERSION, userId, routerRtpCapabilities },
      });
    },
  );
}

/** A page of another origin would connect with its visitor's cookie; a client that is no browser sends no origin. */
function isOriginAllowed(request: FastifyRequest, allowed: string[]): boolean {
  const { origin } = request.headers;
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === request.host;
}
