import { setImmediate } from 'node:timers/promises';
import { Value } from 'typebox/value';
import {
  generateConsumerRemoteParameters,
  generateRouterRtpCapabilities,
  generateTransportRemoteParameters,
} from 'mediasoup-client/fakeParameters';
import { SignallingError } from '../../client/sdk/errors.ts';
import type { Request, Response } from '../../server/protocol/envelope.ts';
import { methods, type Method, type Params, type Result } from '../../server/protocol/methods.ts';
import type { MediaKind, Participant, Permissions, TrackSource } from '../../server/protocol/model.ts';
import type { Event as ServerEvent, NotificationData } from '../../server/protocol/notifications.ts';

type Answers = { [M in Method]: (params: Params<M>) => Result<M> | Promise<Result<M>> };

const everything: Permissions = {
  publish: ['camera', 'microphone', 'screen_share', 'screen_share_audio'],
  subscribe: true,
  admin: false,
};

/** A browser's WebSocket, whose other end is a `FakeSignalling`. */
export class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  readonly url: string;
  readyState = 0;
  readonly #server: FakeSignalling;

  constructor(url: string, server: FakeSignalling) {
    super();
    this.url = url;
    this.#server = server;
    void this.#connect();
  }

  send(frame: string): void {
    void this.#server.answer(this, JSON.parse(frame) as Request);
  }

  close(code = 1000): void {
    if (this.readyState < 2) this.#server.closedBy.push(code);
    this.end(code);
  }

  /** Whoever ends it, the page hears of it. */
  end(code: number, reason = ''): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    void setImmediate().then(() => this.dispatchEvent(Object.assign(new Event('close'), { code, reason })));
  }

  deliver(message: object): void {
    if (this.readyState !== FakeSocket.OPEN) return;
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
  }

  async #connect(): Promise<void> {
    await setImmediate();
    if (this.readyState !== 0) return;
    if (this.#server.reachable === 'no') this.end(1006);
    if (this.#server.reachable !== 'yes') return;
    this.readyState = FakeSocket.OPEN;
    this.#server.greet(this);
  }
}

/**
 * The server's end of the signalling, without a server: one room, which answers as the protocol says, and where a test says so,
 * otherwise. What the SDK asks is checked against the protocol's schemas.
 */
export class FakeSignalling {
  /** `silent`: packets are lost, and nobody says so. */
  reachable: 'yes' | 'no' | 'silent' = 'yes';
  /** What `GET /api/v1/validate` says: why a socket was refused. */
  refusal: { code: string; detail: string } | undefined;
  /** The time until the token ends, in ms. */
  expiresInMs: number | undefined;
  /** The others in the room. */
  present: Participant[] = [];
  /** The page's own producers that the server has, and what each is. */
  readonly producers = new Map<string, { source: TrackSource; paused: boolean }>();
  /** The page's consumers that the server has, and what each is of. */
  readonly consumers = new Map<string, string>();
  /** The producers that the page has pinned. */
  readonly pinned = new Set<string>();
  /** Whatever was asked, in its order. */
  readonly asked: { method: Method; params: Record<string, unknown> }[] = [];
  /** Each socket that was opened. */
  readonly sockets: FakeSocket[] = [];
  /** The codes with which the page has closed sockets. */
  readonly closedBy: number[] = [];
  /** Answers other than the usual ones: thrown errors go to the client. */
  readonly answers: Partial<Answers> = {};
  /** Methods that are worked off, and whose answers are lost, once each. */
  readonly lost: Method[] = [];
  /** Methods that are refused, once each. */
  readonly refused: { method: Method; code: SignallingError['code'] }[] = [];
  #made = 0;

  /** The last socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('No socket was opened.');
    return socket;
  }

  /** What was asked by one method. */
  askedFor<M extends Method>(method: M): Params<M>[] {
    return this.asked.flatMap((one) => (one.method === method ? [one.params as Params<M>] : []));
  }

  tell<E extends ServerEvent>(event: E, data: NotificationData<E>): void {
    this.socket.deliver({ event, data });
  }

  greet(socket: FakeSocket): void {
    this.sockets.push(socket);
    socket.deliver({
      event: 'hello',
      data: {
        protocol: 1,
        userId: 'ada',
        routerRtpCapabilities: generateRouterRtpCapabilities(),
        ...(this.expiresInMs !== undefined && { expiresInMs: this.expiresInMs }),
      },
    });
  }

  async answer(socket: FakeSocket, { id, method: name, data }: Request): Promise<void> {
    const method = name as Method;
    if (!Value.Check(methods[method].params, data))
      throw new Error(`${name} does not fit: ${JSON.stringify(data)}`);
    const params = data as Record<string, unknown>;
    this.asked.push({ method, params });
    if (this.reachable === 'silent') return;
    const response = await this.#responseTo(id, method, params);
    const lost = this.lost.indexOf(method);
    if (lost >= 0) this.lost.splice(lost, 1);
    else socket.deliver(response);
  }

  /** Somebody else comes. */
  seat(name: string, ...sources: TrackSource[]): Participant {
    const participant = {
      id: name,
      displayName: name,
      producers: sources.map((source) => ({
        id: `${name}-${source}`,
        kind: kindOf(source),
        source,
        paused: false,
      })),
    };
    this.present.push(participant);
    if (this.sockets.length > 0) this.tell('participantJoined', participant);
    return participant;
  }

  /** The server has chosen a video for the page. */
  offer(producerId: string): string {
    const { id, ...offer } = this.#consumer(producerId, 'video');
    this.tell('consumerAdded', { id, streamId: `stream-of-${id}`, ...offer });
    return id;
  }

  /** Somebody else goes. */
  remove(participantId: string): void {
    const leaver = this.present.find(({ id }) => id === participantId);
    if (!leaver) return;
    for (const { id, source } of [...leaver.producers]) {
      this.withdraw(participantId, id);
      this.pinned.delete(`${participantId}-${source}`);
    }
    this.present = this.present.filter((one) => one !== leaver);
    this.tell('participantLeft', { participantId, reason: 'left' });
  }

  /** Somebody else publishes a track no longer. */
  withdraw(participantId: string, producerId: string): void {
    const producers = this.present.find(({ id }) => id === participantId)?.producers ?? [];
    producers.splice(0, producers.length, ...producers.filter(({ id }) => id !== producerId));
    for (const [consumerId, of] of this.consumers) {
      if (of === producerId) this.closeConsumer(consumerId);
    }
    this.tell('producerClosed', { participantId, producerId });
  }

  closeConsumer(consumerId: string): void {
    this.consumers.delete(consumerId);
    this.tell('consumerClosed', { consumerId, reason: 'producer_closed' });
  }

  async #responseTo(id: number, method: Method, params: Record<string, unknown>): Promise<Response> {
    const answer = (this.answers[method] ?? this.#usual[method]) as (params: unknown) => unknown;
    try {
      await setImmediate();
      const refused = this.refused.findIndex((one) => one.method === method);
      const [refusal] = refused >= 0 ? this.refused.splice(refused, 1) : [];
      if (refusal) throw new SignallingError(refusal.code, `${method} is refused.`);
      return { id, ok: true, data: await answer(params) };
    } catch (error) {
      if (!(error instanceof SignallingError) || error.code === 'unreachable') throw error;
      return { id, ok: false, error: { code: error.code, message: error.message, ...error.detail } };
    }
  }

  #pause(producerId: string, paused: boolean): Record<string, never> {
    const producer = this.producers.get(producerId);
    if (producer) producer.paused = paused;
    return found(producer !== undefined);
  }

  #consumer(producerId: string, kind: MediaKind): Result<'consume'> {
    const id = `consumer-${(this.#made += 1)}`;
    this.consumers.set(id, producerId);
    const { rtpParameters } = generateConsumerRemoteParameters({
      codecMimeType: kind === 'audio' ? 'audio/opus' : 'video/VP8',
    });
    return { id, producerId, kind, producerPaused: false, rtpParameters };
  }

  readonly #usual: Answers = {
    join: () => {
      // A new place.
      this.producers.clear();
      this.pinned.clear();
      this.consumers.clear();
      return {
        participantId: 'me',
        resumeToken: `seat-${(this.#made += 1)}`,
        room: { id: 'room', name: 'room', locked: false },
        participants: this.present,
        permissions: everything,
        iceServers: [],
        statsIntervalMs: 5_000,
      };
    },
    resume: () => ({
      room: { locked: false },
      participants: this.present,
      permissions: everything,
      producerIds: [...this.producers.keys()],
      mutedByHost: [],
      consumerIds: [...this.consumers.keys()],
    }),
    leave: () => ({}),
    away: () => ({ withinMs: 5_000 }),
    ping: () => ({}),
    refreshToken: () => ({ expiresAt: 0, expiresInMs: this.expiresInMs ?? 0 }),
    createTransport: ({ direction }) =>
      ({
        ...generateTransportRemoteParameters(),
        id: `${direction}-${(this.#made += 1)}`,
      }) as unknown as Result<'createTransport'>,
    connectTransport: () => ({}),
    restartIce: () => {
      const { iceParameters } = generateTransportRemoteParameters();
      return { iceParameters, iceServers: [] };
    },
    closeTransport: () => ({}),
    produce: ({ source }) => {
      for (const [id, former] of this.producers) if (former.source === source) this.producers.delete(id);
      const producerId = `producer-${(this.#made += 1)}`;
      this.producers.set(producerId, { source, paused: false });
      return { producerId };
    },
    pauseProducer: ({ producerId }) => this.#pause(producerId, true),
    resumeProducer: ({ producerId }) => this.#pause(producerId, false),
    closeProducer: ({ producerId }) => found(this.producers.delete(producerId)),
    consume: ({ producerId }) => {
      const producers = this.present.flatMap(({ producers }) => producers);
      const producer = producers.find(({ id }) => id === producerId);
      found(producer !== undefined);
      return this.#consumer(producerId, producer?.kind ?? 'audio');
    },
    pauseConsumer: ({ consumerId }) => found(this.consumers.has(consumerId)),
    resumeConsumer: ({ consumerId }) => found(this.consumers.has(consumerId)),
    closeConsumer: ({ consumerId }) => found(this.consumers.delete(consumerId)),
    setPinned: ({ participantId, source, pinned }) => {
      found(this.present.some(({ id }) => id === participantId));
      if (pinned) this.pinned.add(`${participantId}-${source}`);
      else this.pinned.delete(`${participantId}-${source}`);
      return {};
    },
    setPreferredLayers: () => ({}),
    reportStats: () => ({}),
    muteParticipant: () => ({}),
    removeParticipant: () => ({}),
    updateRoom: () => ({}),
    closeRoom: () => ({}),
  };
}

const kindOf = (source: TrackSource): MediaKind =>
  source === 'camera' || source === 'screen_share' ? 'video' : 'audio';

/** @throws {SignallingError} `not_found` */
function found(isThere: boolean): Record<string, never> {
  if (!isThere) throw new SignallingError('not_found', 'There is nothing of that id.');
  return {};
}
