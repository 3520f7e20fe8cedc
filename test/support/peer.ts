import { once } from 'node:events';
import type { Test } from 'tap';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { WebSocket, type RawData } from 'ws';
import { Response } from '../../server/protocol/envelope.ts';
import type { ErrorCode } from '../../server/protocol/errors.ts';
import { methods, type Method, type Params, type Result } from '../../server/protocol/methods.ts';
import {
  notifications,
  type Event,
  type Notification,
  type NotificationData,
} from '../../server/protocol/notifications.ts';

/** Stands for the id of an answer to a frame that had none. */
const NO_ID = -1;

const responses = Compile(Response);
const resultOf = compileAll(methods, ({ result }) => result);
const dataOf = compileAll(notifications, (schema) => schema);

/** A refusal, as it stood on the wire. */
export class Refused extends Error {
  readonly code: ErrorCode;
  readonly body: object;

  constructor(body: { code: ErrorCode; message: string }) {
    super(`${body.code}: ${body.message}`);
    this.code = body.code;
    this.body = body;
  }
}

/** Who a peer is: a cookie makes it a guest that is known already, a token whom that says. */
export interface Credentials {
  cookie?: string;
  token?: string;
  /** Where it comes from, as a proxy says: `X-Forwarded-For`. */
  forwardedFor?: string;
}

/**
 * A client without a browser: it speaks the protocol over a real WebSocket, and holds every frame of the server
 * against the protocol's schemas.
 */
export class Peer {
  readonly socket: WebSocket;
  readonly received: Notification[] = [];
  readonly #pending = new Map<number, (response: Response) => void>();
  readonly #waiting = new Set<() => void>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (frame) => this.#receive(frame));
  }

  /** Opens a socket and waits for the greeting. A string alone is a cookie. */
  static async connect(t: Test, url: string, as: Credentials | string = {}): Promise<Peer> {
    const { cookie, token, forwardedFor }: Credentials = typeof as === 'string' ? { cookie: as } : as;
    const query = token === undefined ? '' : `?access_token=${token}`;
    const headers = {
      ...(cookie !== undefined && { cookie }),
      ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
    };
    const peer = new Peer(new WebSocket(`${url.replace('http', 'ws')}/ws${query}`, { headers }));
    t.teardown(() => peer.socket.terminate());
    await once(peer.socket, 'open');
    await peer.next('hello');
    return peer;
  }

  /** Connects, joins and makes both transports. It chooses its videos alone, unless `autoSubscribe` says otherwise. */
  static async inRoom(
    t: Test,
    url: string,
    room: string,
    as?: Credentials | string,
    { autoSubscribe = false } = {},
  ): Promise<JoinedPeer> {
    const peer = await Peer.connect(t, url, as);
    const [joined, send, recv] = await Promise.all([
      peer.request('join', {
        room,
        displayName: 'Ada',
        rtpCapabilities: peer.capabilities,
        autoSubscribe,
      }),
      peer.request('createTransport', { direction: 'send' }),
      peer.request('createTransport', { direction: 'recv' }),
    ]);
    return Object.assign(peer, { joined, send, recv });
  }

  /** The server's own capabilities serve as a client's that can do everything. */
  get capabilities(): NotificationData<'hello'>['routerRtpCapabilities'] {
    return this.hello.routerRtpCapabilities;
  }

  get hello(): NotificationData<'hello'> {
    const [first] = this.received;
    if (first?.event !== 'hello') throw new Error('no greeting yet');
    return first.data;
  }

  /** Calls a method; a refusal is thrown as `Refused`. */
  async request<M extends Method>(method: M, data: Params<M>): Promise<Result<M>> {
    const response = await this.raw(method, data);
    if (!response.ok) throw new Refused(response.error);
    check(resultOf.get(method), response.data, `result of ${method}`);
    return response.data as Result<M>;
  }

  /** Sends any request, as a faulty client would, and gives the answer as it is. */
  raw(method: string, data: unknown): Promise<Response> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, data }));
    });
  }

  /** Sends a frame as it is and gives the answer to it: the next one that has no id. */
  answerTo(frame: string | Buffer): Promise<Response> {
    return new Promise((resolve) => {
      this.#pending.set(NO_ID, resolve);
      this.socket.send(frame);
    });
  }

  /** The first notification of an event, come already or yet to come, that `fits`. */
  async next<E extends Event>(
    event: E,
    fits: (data: NotificationData<E>) => boolean = () => true,
  ): Promise<NotificationData<E>> {
    const find = () =>
      this.received.find(
        (one): one is Extract<Notification, { event: E }> =>
          one.event === event && fits(one.data as NotificationData<E>),
      );
    for (let found = find(); ; found = find()) {
      if (found) return found.data as NotificationData<E>;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #receive(frame: RawData): void {
    const message = JSON.parse((frame as Buffer).toString()) as Response | Notification;
    if ('event' in message) {
      check(dataOf.get(message.event), message.data, message.event);
      this.received.push(message);
    } else {
      check(responses, message, 'response');
      this.#pending.get(message.id ?? NO_ID)?.(message);
    }
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export type JoinedPeer = Peer & {
  joined: Result<'join'>;
  send: Result<'createTransport'>;
  recv: Result<'createTransport'>;
};

/** A new user's cookie, as a browser gets it with the page. */
export async function newUser(url: string): Promise<string> {
  const [cookie] = (await fetch(url)).headers.getSetCookie();
  if (!cookie) throw new Error('the page gave no cookie');
  return cookie.split(';')[0] ?? '';
}

function compileAll<T extends object>(
  table: T,
  schemaOf: (entry: T[keyof T]) => TSchema,
): Map<string, Validator> {
  return new Map(
    Object.entries(table).map(([name, entry]) => [name, Compile(schemaOf(entry as T[keyof T]))]),
  );
}

function check(validator: Validator | undefined, data: unknown, what: string): void {
  if (!validator) throw new Error(`the protocol has no ${what}`);
  if (!validator.Check(data)) {
    throw new Error(`${what} breaks the protocol: ${JSON.stringify([...validator.Errors(data)])}`);
  }
}
