import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { AppError } from '../errors.ts';
import { answered } from '../media/answered.ts';
import { flushed } from '../media/flushed.ts';
import type { RoutedWorker } from '../media/worker-pool.ts';
import type { Grants } from '../protocol/grants.ts';
import type { LeaveReason, Participant as Description, TrackSource } from '../protocol/model.ts';
import type { Params } from '../protocol/methods.ts';
import type { Notification, NotificationData } from '../protocol/notifications.ts';
import { fromClient } from './client-input.ts';
import { publishRefusal, subscribeRefusal } from './permissions.ts';
import { Publication } from './publication.ts';
import { Transports } from './transports.ts';

/** So many exchanged tokens are remembered; the older ones were made before any removal. */
const MAX_TOKENS = 16;

export interface ParticipantOptions {
  userId: string;
  displayName: string;
  /** Which browser it is, as far as the client says so. */
  deviceId: string | undefined;
  rtpCapabilities: types.RtpCapabilities | undefined;
  grants: Grants;
  /** The token that lets it in; undefined for a guest. */
  tokenId: string | undefined;
  /** How many tracks this participant may publish at once. */
  maxProducers: number;
  /** The router of the room and its worker. */
  media: RoutedWorker;
}

interface ParticipantEvents {
  /** Something for this participant's own client. */
  notify: [Notification];
  /** Something for everybody else in the room. */
  announce: [Notification];
  published: [Publication];
  close: [LeaveReason];
}

/**
 * One user's presence in one room over one connection: its two transports, what it publishes and what it receives.
 * `close()` gives everything back; transports that go by themselves take their producers and consumers with them.
 */
export class Participant extends EventEmitter<ParticipantEvents> {
  readonly id = randomUUID();
  readonly userId: string;
  readonly displayName: string;
  readonly deviceId: string | undefined;
  readonly #options: ParticipantOptions;
  /** What its media comes and goes by. */
  readonly transports: Transports;
  readonly #publications = new Map<string, Publication>();
  readonly #consumers = new Map<string, types.Consumer>();
  /** Producers that somebody else muted or ended. */
  readonly #mutedByHost = new Set<string>();
  readonly #tokenIds: string[] = [];
  #grants: Grants;
  #rtpCapabilities: types.RtpCapabilities | undefined;
  #closed = false;

  constructor(options: ParticipantOptions) {
    super();
    this.#options = options;
    this.#rtpCapabilities = options.rtpCapabilities;
    this.userId = options.userId;
    this.displayName = options.displayName;
    this.deviceId = options.deviceId;
    this.#grants = options.grants;
    if (options.tokenId !== undefined) this.noteToken(options.tokenId);
    this.transports = new Transports(options.media, this.id);
  }

  /** What this participant may do now: its token may be exchanged while it is here. */
  get grants(): Grants {
    return this.#grants;
  }

  /** The tokens that have let it in, the latest ones: they may be exchanged while it is here. */
  get tokenIds(): readonly string[] {
    return this.#tokenIds;
  }

  noteToken(id: string): void {
    if (this.#tokenIds.includes(id)) return;
    this.#tokenIds.push(id);
    if (this.#tokenIds.length > MAX_TOKENS) this.#tokenIds.shift();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The worker that ran its media is gone. */
  get workerDied(): boolean {
    return this.#options.media.worker.died;
  }

  /** Its client begins anew, as a page does that was reloaded: what it sent and received ends, the place stays. */
  startAnew(rtpCapabilities: types.RtpCapabilities | undefined): void {
    for (const { id } of this.transports.all) this.transports.end(id);
    this.#rtpCapabilities = rtpCapabilities;
  }

  /** What the others are told of this participant. */
  describe(): Description {
    return {
      id: this.id,
      displayName: this.displayName,
      producers: [...this.#publications.values()].map((publication) => publication.describe()),
    };
  }

  /** What this participant publishes, by producer id. */
  get publications(): ReadonlyMap<string, Publication> {
    return this.#publications;
  }

  /** There is a transport to receive on, and it is known what the client can receive. */
  get canReceive(): boolean {
    return this.transports.of('recv') !== undefined && this.#rtpCapabilities !== undefined;
  }

  /**
   * Takes a track from the client and tells the others of it. It takes the place of one from the same source: who
   * published several could fill all the places of those who watch.
   *
   * @throws {AppError} `forbidden`, `not_found`, `too_many`, or `bad_request` where mediasoup refuses the parameters.
   */
  async produce(params: Params<'produce'>): Promise<Publication> {
    const refusal = publishRefusal(this.#grants, params.source);
    if (refusal) throw refusal;
    const transport = this.transports.get(params.transportId);
    if (transport !== this.transports.of('send')) {
      throw new AppError(
        'bad_request',
        `Transport ${params.transportId} is for receiving. Produce on the other one.`,
      );
    }
    const { maxProducers } = this.#options;
    const others = [...this.#publications.values()].filter(({ source }) => source !== params.source);
    if (others.length >= maxProducers) {
      throw new AppError('too_many', `A participant may publish ${maxProducers} tracks.`, {
        limit: maxProducers,
      });
    }
    const publication = await Publication.create(transport, params);
    const { producer } = publication;
    if (this.#closed || transport.closed || producer.closed) {
      producer.close();
      throw new AppError('not_found', `Transport ${params.transportId} was closed meanwhile.`);
    }
    const refusedMeanwhile = publishRefusal(this.#grants, params.source);
    if (refusedMeanwhile) {
      producer.close();
      throw refusedMeanwhile;
    }
    for (const former of this.#publications.values()) {
      if (former.source === params.source) former.close();
    }
    this.#publications.set(producer.id, publication);
    producer.observer.once('close', () => {
      this.#publications.delete(producer.id);
      if (!this.#closed) this.#announce('producerClosed', producer.id);
    });
    producer.observer.on('pause', () => this.#announce('producerPaused', producer.id));
    producer.observer.on('resume', () => {
      this.#mutedByHost.delete(producer.id);
      this.#announce('producerResumed', producer.id);
    });
    this.emit('published', publication);
    this.emit('announce', {
      event: 'producerAdded',
      data: { participantId: this.id, producer: publication.describe() },
    });
    return publication;
  }

  /** @throws {AppError} `not_found` */
  publication(producerId: string): Publication {
    const publication = this.#publications.get(producerId);
    if (!publication) throw new AppError('not_found', `You have no producer ${producerId}.`);
    return publication;
  }

  /**
   * Forwards a producer of somebody else to this participant. The consumer is made paused: the client resumes it once
   * it is ready to play. Asking again for a producer that is forwarded already gives the same consumer.
   *
   * @throws {AppError} `forbidden`, `not_found` without a receiving transport or where something was closed meanwhile,
   *   `cannot_consume` where the client's RTP capabilities do not fit.
   */
  async consume(producer: types.Producer): Promise<types.Consumer> {
    const refusal = subscribeRefusal(this.#grants);
    if (refusal) throw refusal;
    const existing = [...this.#consumers.values()].find(({ producerId }) => producerId === producer.id);
    if (existing) return existing;

    const transport = this.transports.of('recv');
    if (!transport) throw new AppError('not_found', 'There is no transport to receive on. Create one first.');
    const { media } = this.#options;
    const rtpCapabilities = this.#rtpCapabilities;
    if (producer.closed) throw new AppError('not_found', `Producer ${producer.id} has just been closed.`);
    if (!rtpCapabilities || !canConsume(media.router, producer.id, rtpCapabilities)) {
      throw new AppError(
        'cannot_consume',
        `This client cannot receive ${producer.kind} of producer ${producer.id}.`,
      );
    }
    const consumer = await fromClient('consumer', () =>
      transport.consume({ producerId: producer.id, rtpCapabilities, paused: true }),
    );
    if ([this, transport, producer, consumer].some(({ closed }) => closed)) {
      consumer.close();
      throw new AppError('not_found', `Producer ${producer.id} or its transport was closed meanwhile.`);
    }
    const refusedMeanwhile = subscribeRefusal(this.#grants);
    if (refusedMeanwhile) {
      consumer.close();
      throw refusedMeanwhile;
    }
    this.#consumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.#consumers.delete(consumer.id));
    consumer.on('producerclose', () => this.#consumerClosed(consumer.id, 'producer_closed'));
    consumer.on('transportclose', () => this.#consumerClosed(consumer.id, 'transport_closed'));
    consumer.on('layerschange', (layers) =>
      this.notify({
        event: 'consumerLayersChanged',
        data: { consumerId: consumer.id, layers: layers ?? null },
      }),
    );
    return consumer;
  }

  /** Ends a consumer from the server's side and tells the client why. */
  stopConsumer(consumer: types.Consumer, reason: 'replaced' | 'swept' | 'forbidden'): void {
    if (consumer.closed) return;
    consumer.close();
    this.#consumerClosed(consumer.id, reason);
  }

  /** Ends the forwarding of a consumer of this participant, also of one that only the worker still knows of. */
  async endForwarding(consumerId: string): Promise<void> {
    const known = this.#consumers.get(consumerId);
    if (known) this.stopConsumer(known, 'swept');
    for (const transport of this.transports.all) {
      const { consumerIds } = await answered(transport.dump());
      if (consumerIds.includes(consumerId)) this.transports.end(transport.id);
    }
  }

  /** Resolves when the worker has done everything that it was asked for before. */
  flushed(): Promise<void> {
    return flushed(this.#options.media.worker);
  }

  /** What is forwarded to this participant, by consumer id. */
  get consumers(): ReadonlyMap<string, types.Consumer> {
    return this.#consumers;
  }

  /** @throws {AppError} `not_found` */
  consumer(consumerId: string): types.Consumer {
    const consumer = this.#consumers.get(consumerId);
    if (!consumer) throw new AppError('not_found', `You have no consumer ${consumerId}.`);
    return consumer;
  }

  /** Other grants hold from now on: what they do not allow any more is closed, and the client is told. */
  regrant(grants: Grants): void {
    this.#grants = grants;
    for (const publication of this.#publications.values()) {
      if (publishRefusal(grants, publication.source)) this.endPublication(publication);
    }
    if (!subscribeRefusal(grants)) return;
    for (const consumer of this.#consumers.values()) this.stopConsumer(consumer, 'forbidden');
  }

  /**
   * Somebody else mutes what this participant publishes from some sources: sound is paused, video ends, so that the
   * camera's light goes out. The client is told, and may begin again.
   *
   * @throws {AppError} `not_found` where something was closed meanwhile.
   */
  async mute(sources: readonly TrackSource[]): Promise<void> {
    const muted = [...this.#publications.values()].filter(({ source }) => sources.includes(source));
    for (const publication of muted) {
      const { producer } = publication;
      this.#mutedByHost.add(producer.id);
      if (producer.kind === 'video') this.endPublication(publication);
      else if (!producer.paused) {
        await fromClient('producer', () => producer.pause());
        this.notify({
          event: 'producerPaused',
          data: { participantId: this.id, producerId: producer.id },
        });
      }
    }
  }

  /** The ids of what a host has muted or ended, as long as it is. */
  get mutedByHost(): string[] {
    return [...this.#mutedByHost];
  }

  /** Ends a track from the server's side and tells the client. */
  endPublication(publication: Publication, reason?: 'bitrate_exceeded'): void {
    publication.close();
    const own = { participantId: this.id, producerId: publication.producer.id };
    this.notify({ event: 'producerClosed', data: reason ? { ...own, reason } : own });
  }

  /** Tells this participant's client something. */
  notify(notification: Notification): void {
    if (!this.#closed) this.emit('notify', notification);
  }

  /** Ends the presence and gives back all that it held. Doing it again does nothing. */
  close(reason: LeaveReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.transports.close();
    this.emit('close', reason);
  }

  #announce(event: 'producerPaused' | 'producerResumed' | 'producerClosed', producerId: string): void {
    this.emit('announce', { event, data: { participantId: this.id, producerId } });
  }

  #consumerClosed(consumerId: string, reason: NotificationData<'consumerClosed'>['reason']): void {
    this.notify({ event: 'consumerClosed', data: { consumerId, reason } });
  }
}

function canConsume(
  router: types.Router,
  producerId: string,
  rtpCapabilities: types.RtpCapabilities,
): boolean {
  try {
    return router.canConsume({ producerId, rtpCapabilities });
  } catch {
    return false;
  }
}
