import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { guestCookieFor } from '../identity/guest.ts';
import { foreignOrigin, type Origins } from '../identity/origins.ts';
import { requireIdentity } from '../identity/require.ts';
import type { Revocations } from '../identity/revocations.ts';
import type { AccessTokens } from '../identity/tokens.ts';
import type { AnnouncedAddresses } from '../media/announced-addresses.ts';
import { routerRtpCapabilities } from '../media/codecs.ts';
import type { TurnOptions } from '../media/ice-servers.ts';
import { PROTOCOL_VERSION } from '../protocol/notifications.ts';
import type { BitrateBounds } from '../rooms/bitrate-bounds.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Recorder } from '../stats/recorder.ts';
import type { AutomaticChoice } from '../streams/automatic/automatic-choice.ts';
import type { Streams } from '../streams/streams.ts';
import type { JoinLimits } from './join-limits.ts';
import { Resumption } from './resumption.ts';
import type { SeatTokens } from './seat-tokens.ts';
import type { SocketLimit } from './socket-limit.ts';
import { Connection, type Answered, type ConnectionLimits } from './connection.ts';

export interface SignallingOptions {
  rooms: RoomRegistry;
  bitrates: BitrateBounds;
  streams: Streams;
  choice: AutomaticChoice;
  recorder: Recorder;
  tokens: AccessTokens;
  revocations: Revocations;
  announced: AnnouncedAddresses;
  turn: TurnOptions;
  /** Whose pages may connect. */
  origins: Origins;
  /** Time that a participant whose connection broke may take to come back, in ms. */
  resumeGrace: number;
  /** Proves who had a place before. */
  seatTokens: SeatTokens;
  limits: ConnectionLimits;
  joins: JoinLimits;
  sockets: SocketLimit;
  /** Is told of each request that was answered. */
  answered: Answered | undefined;
  log: Logger;
}

/** The signalling: a WebSocket at /ws that speaks the protocol of server/protocol. */
export function registerSignalling(app: FastifyInstance, options: SignallingOptions): void {
  const { rooms, bitrates, streams, choice, recorder, tokens, revocations, announced, turn, origins } =
    options;
  const { joins, sockets, limits, answered, log } = options;
  const resumption = new Resumption(options.resumeGrace, options.seatTokens, tokens.clock);
  app.websocketServer.on('headers', (headers: string[], upgrade: IncomingMessage) => {
    const guest = guestCookieFor(upgrade);
    if (guest !== undefined) headers.push(`Set-Cookie: ${guest}`);
  });

  app.get(
    '/ws',
    {
      websocket: true,
      preValidation: (request, _reply, allowed) => {
        const { origin } = request.headers;
        // A page of another origin would connect with its visitor's cookie; a client that is no browser sends no origin.
        if (origin !== undefined && !origins.mayUse(origin, request.host)) {
          log.warn({ origin }, 'signalling refused: foreign origin');
          throw foreignOrigin(origin);
        }
        requireIdentity(request);
        sockets.take(request.clientAddress, request.raw.socket);
        allowed();
      },
      errorHandler: (error, _request, reply) => {
        if (!(error instanceof AppError)) throw error;
        const { status, code, message, detail } = error;
        void reply.code(status).send({ code, message, ...detail });
      },
    },
    (socket, request) => {
      const identity = requireIdentity(request);
      const { userId, token } = identity;
      const connection = new Connection(socket, {
        context: {
          identity,
          address: request.clientAddress,
          joins,
          tokens,
          revocations,
          rooms,
          bitrates,
          streams,
          choice,
          resumption,
          recorder,
          announced,
          turn,
        },
        limits,
        answered,
        log: log.child({ userId }),
      });
      connection.notify({
        event: 'hello',
        data: {
          protocol: PROTOCOL_VERSION,
          userId,
          routerRtpCapabilities,
          ...(token && { expiresInMs: tokens.timeLeft(token) }),
        },
      });
    },
  );
}
