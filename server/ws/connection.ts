import type { WebSocket } from '@fastify/websocket';
import { TokenBucket } from 'limiter';
import type { Logger } from 'pino';
import type { Timer } from '../clock.ts';
import { Compile } from 'typebox/compile';
import { AppError } from '../errors.ts';
import { closeCodes, Request, type Response } from '../protocol/envelope.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Event, Notification, NotificationData } from '../protocol/notifications.ts';
import { goneMeanwhile } from '../rooms/client-input.ts';
import { dispatch } from './dispatch.ts';
import { laneOf, Lanes } from './lanes.ts';
import { Session, type SessionContext } from './session.ts';

export interface ConnectionLimits {
  /** Messages a second, as it goes on. */
  messagesPerSecond: number;
  /** Messages at once; as many refusals again end the connection. */
  messagesBurst: number;
  /** Bytes that wait for a slow client before its connection is ended. */
  unsentMaxBytes: number;
  /** Time between two pings, in ms. */
  pingInterval: number;
  /** Silence after which the client counts as gone, in ms. */
  pingTimeout: number;
  /** Maximum time without a room before the connection is closed, in ms. */
  joinTimeout: number;
}

export interface ConnectionOptions {
  context: SessionContext;
  limits: ConnectionLimits;
  answered: Answered | undefined;
  log: Logger;
}

/** Is told of each request that was answered: its method, unless that cannot be read, and how it went. */
export type Answered = (method: string | undefined, outcome: ErrorCode | 'ok') => void;

const requestValidator = Compile(Request);

/** Another one of these comes soon, and says more. */
const OUTDATED_SOON: ReadonlySet<Event> = new Set(['activeSpeakers', 'quality']);

/** A share of `unsentMaxBytes` from which on what is soon outdated is no longer sent. */
const DROP_SHARE = 0.25;

/** Of what could not be read, there is only the refusal to be sent. */
const REFUSED = { name: 'refused' };

/**
 * One WebSocket: frames in, each through limit, JSON and envelope to its method, in order where order matters; answers and
 * notifications out. It watches whether the client is still there, and ends the session with the socket.
 */
export class Connection {
  readonly #socket: WebSocket;
  readonly #session: Session;
  readonly #limits: ConnectionLimits;
  readonly #answered: Answered | undefined;
  readonly #log: Logger;
  readonly #bucket: TokenBucket;
  readonly #lanes = new Lanes();
  /** Requests that wait for their turn. */
  #waiting = 0;
  /** Messages refused since the client last kept well within the limit. */
  #refused = 0;
  /** In ms, counted by pings and not by a clock: while this process stands still nobody can be heard. */
  #silence = 0;
  /** Pending while the connection is in no room. */
  #joinTimer: Timer | undefined;

  /** Takes over a socket. Everything is attached before this returns: frames may come in the same tick. */
  constructor(socket: WebSocket, { context, limits, answered, log }: ConnectionOptions) {
    this.#socket = socket;
    this.#session = new Session(context, {
      notify: (notification) => this.notify(notification),
      supersede: () => socket.close(closeCodes.superseded, 'resumed over another connection'),
      tokenEnded: (why) => socket.close(closeCodes.tokenEnded, why),
    });
    this.#limits = limits;
    this.#answered = answered;
    this.#log = log;
    this.#bucket = new TokenBucket({
      bucketSize: limits.messagesBurst,
      tokensPerInterval: limits.messagesPerSecond,
      interval: 'second',
    });
    this.#bucket.content = limits.messagesBurst;

    const heartbeat = setInterval(() => this.#checkAlive(), limits.pingInterval);
    socket.on('message', (frame: Buffer, isBinary) => this.#receive(frame, isBinary));
    socket.on('pong', () => (this.#silence = 0));
    this.#watchJoining();
    socket.on('close', (code) => {
      clearInterval(heartbeat);
      this.#joinTimer?.cancel();
      this.#end(code);
    });
  }

  /** Sends a notification. To a client that does not keep up, what is soon outdated is left out. */
  notify(notification: Notification): void {
    const { unsentMaxBytes } = this.#limits;
    if (OUTDATED_SOON.has(notification.event) && this.#socket.bufferedAmount > unsentMaxBytes * DROP_SHARE)
      return;
    this.#send(notification);
    if (notification.event === 'roomClosed') this.#closeWith(notification.data.reason);
  }

  #closeWith(reason: NotificationData<'roomClosed'>['reason']): void {
    this.#socket.close(
      reason === 'server_stopped' ? closeCodes.serverStopped : closeCodes.roomClosed,
      reason,
    );
  }

  #receive(frame: Buffer, isBinary: boolean): void {
    // Frames still arrive while a socket that we close is closing.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#silence = 0;
    const request = parse(frame, isBinary);
    if (this.#waiting >= this.#limits.messagesBurst || !this.#bucket.tryRemoveTokens(1)) {
      this.#refuse(request);
      return;
    }
    if (this.#bucket.content >= this.#limits.messagesBurst / 2) this.#refused = 0;
    this.#waiting += 1;
    const lane = request instanceof AppError ? REFUSED : laneOf(request.method, request.data);
    this.#lanes.run(lane, () => this.#answer(request).finally(() => (this.#waiting -= 1)));
  }

  #refuse(request: Request | AppError): void {
    this.#refused += 1;
    if (this.#refused > this.#limits.messagesBurst) {
      this.#socket.close(closeCodes.flood, 'too many messages');
      return;
    }
    const retryAfterMs = Math.ceil(1000 / this.#limits.messagesPerSecond);
    const error = new AppError('rate_limited', `Too many messages. Wait ${retryAfterMs} ms.`, {
      retryAfterMs,
    });
    this.#sendError(request instanceof AppError ? undefined : request, error);
  }

  async #answer(request: Request | AppError): Promise<void> {
    if (request instanceof AppError) {
      this.#sendError(undefined, request);
      return;
    }
    if (this.#session.ended) return;
    const { id, method, data = {} } = request;
    this.#session.noteRequest();
    try {
      const result = await dispatch(this.#session, method, data);
      this.#send({ id, ok: true, data: result });
      this.#answered?.(method, 'ok');
    } catch (error) {
      this.#sendError(request, this.#tellable(error, method));
    }
    this.#watchJoining();
  }

  /** Closes the connection if it stays in no room. Requests do not extend the deadline; one received before it is still answered. */
  #watchJoining(): void {
    if (this.#session.joined || this.#session.ended) {
      this.#joinTimer?.cancel();
      this.#joinTimer = undefined;
      return;
    }
    const { clock } = this.#session.context.tokens;
    this.#joinTimer ??= clock.after(this.#limits.joinTimeout, () => {
      void this.#lanes.settled().then(() => {
        if (!this.#session.joined) this.#socket.close(closeCodes.notJoined, 'in no room for too long');
      });
    });
  }

  #tellable(error: unknown, method: string): AppError {
    if (error instanceof AppError) return error;
    const gone = goneMeanwhile(error);
    if (gone) return gone;
    this.#log.error({ err: error, method }, 'a request failed by a bug');
    return new AppError('internal', 'Something went wrong in the server. Its log says more.');
  }

  #sendError(request: Request | undefined, { code, message, detail }: AppError): void {
    this.#answered?.(request?.method, code);
    this.#send({ id: request?.id ?? null, ok: false, error: { code, message, ...detail } });
  }

  #send(frame: Response | Notification): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#limits.unsentMaxBytes) {
      this.#log.warn({ unsentBytes: this.#socket.bufferedAmount }, 'client does not read: connection ended');
      this.#socket.terminate();
      return;
    }
    this.#socket.send(JSON.stringify(frame));
  }

  #checkAlive(): void {
    const { pingInterval, pingTimeout } = this.#limits;
    if (this.#silence >= pingTimeout) {
      this.#log.info('client has been silent for too long: connection ended');
      this.#socket.terminate();
      return;
    }
    this.#silence += pingInterval;
    // Its participant may have been removed from the room.
    this.#watchJoining();
    this.#socket.ping();
  }

  #end(code: number): void {
    this.#session.end(code === 1000 ? 'left' : code === 1001 ? 'away' : 'broken');
  }
}

function parse(frame: Buffer, isBinary: boolean): Request | AppError {
  if (isBinary) return new AppError('bad_message', 'Frames are text, not binary.');
  let json: unknown;
  try {
    json = JSON.parse(frame.toString('utf8'));
  } catch {
    return new AppError('bad_message', 'The frame is not JSON.');
  }
  if (requestValidator.Check(json)) return json;
  return new AppError('bad_message', 'A request is { id: integer, method: string, data?: object }.');
}
