import type { types } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import type { NotificationData } from '../../server/protocol/notifications.ts';
import { connectionLost, SignallingError } from './errors.ts';
import type { Link } from './link.ts';
import type { RemotePublication } from './participants.ts';
import { Pins, type Pin } from './pins.ts';
import type { Roster } from './roster.ts';

/** Time after which what failed by a passing cause is tried again, in ms. */
const RETRY_MS = 3_000;

/** A video that was replaced is taken down after so many ms: its successor plays by then. */
const TAKE_DOWN_MS = 2_000;

/** Failures that stay: what this browser cannot receive, or its user may not. */
const FINAL = new Set<SignallingError['code']>(['cannot_consume', 'forbidden']);

interface Arrival {
  consumer: types.Consumer;
  /** The stream that holds a slot for it; a sound has none. */
  streamId: string | undefined;
}

/** What is told of what arrives. */
export interface ReceivingEvents {
  subscribed: (publication: RemotePublication, track: MediaStreamTrack) => void;
  unsubscribed: (publication: RemotePublication) => void;
  changed: () => void;
  problem: (error: unknown) => void;
}

/**
 * What one receives: the sound of everybody, and the videos that the server chooses for the slots that the user has. One's
 * own choice is made by `watchInstead` or a pin, and stays.
 */
export class Receiving {
  readonly #roster: Roster;
  readonly #tell: ReceivingEvents;
  /** Publications whose consumer is being made. */
  readonly #pending = new Set<RemotePublication>();
  /** What could not be received: it is not asked for again at once. */
  #failed = new WeakSet<RemotePublication>();
  readonly #pins = new Pins();
  /** What is shown no more, and has still to be taken down. */
  readonly #replaced = new Map<types.Consumer, ReturnType<typeof setTimeout>>();
  /** Videos of the server's choice that are being started, by the id of their consumer. */
  readonly #offered = new Map<string, RemotePublication>();
  #link: Link | undefined;
  #streams: NotificationData<'streams'> | undefined;

  constructor(roster: Roster, tell: ReceivingEvents) {
    this.#roster = roster;
    this.#tell = tell;
  }

  /** What holds the user's slots, over all rooms and tabs; undefined until the server has told it. */
  get streams(): NotificationData<'streams'> | undefined {
    return this.#streams;
  }

  /** Its consumer is being made. */
  isStarting(publication: RemotePublication): boolean {
    return this.#pending.has(publication);
  }

  /** It could not be received. */
  hasFailed(publication: RemotePublication): boolean {
    return this.#failed.has(publication);
  }

  isPinned(participantId: string, source: TrackSource): boolean {
    return this.#pins.has(participantId, source);
  }

  /** Pins somebody's video, so that it comes first and stays, or leaves it to the server again. */
  async setPinned(participantId: string, source: TrackSource, pinned: boolean): Promise<void> {
    await this.#pins.ask(this.#reachable, { participantId, source, pinned });
    this.#tell.changed();
  }

  /** Receives over a connection; of what was received before, only `consumerIds` goes on. */
  attach(link: Link, consumerIds: string[]): void {
    const isBack = link === this.#link;
    this.#link = link;
    this.#failed = new WeakSet();
    const alive = new Set(consumerIds);
    for (const publication of this.#roster.publications) {
      if (!publication.consumer || alive.delete(publication.consumer.id)) continue;
      // It was given up elsewhere meanwhile.
      if (isBack) this.#pins.set({ ...pinOf(publication), pinned: false });
      this.drop(publication);
    }
    this.#pins.tell(link, this.#roster.participants).catch(this.#tell.problem);
    // What the server forwards and nobody here knows of: its answer was lost.
    for (const consumerId of alive) link.stopReceiving(consumerId).catch(this.#tell.problem);
    this.receiveSounds();
  }

  detach(): void {
    for (const consumer of this.#replaced.keys()) this.#takeDown(consumer);
    this.#link = undefined;
  }

  /** The server has told what holds the slots. */
  onStreams(streams: NotificationData<'streams'>): void {
    this.#streams = streams;
  }

  /** The server has chosen a video: it is played. */
  onConsumerAdded({ streamId, ...offer }: NotificationData<'consumerAdded'>): void {
    const publication = this.#roster.find(offer.producerId);
    const link = this.#link;
    if (!publication || !link) return;
    this.#failed.delete(publication);
    this.#offered.set(offer.id, publication);
    this.#receive(publication, async () => ({ consumer: await link.play(offer), streamId }))
      .catch((error: unknown) => {
        // The server has ended it meanwhile.
        if (error instanceof SignallingError && error.code === 'not_found') return;
        this.#tell.problem(error);
        this.#failed.add(publication);
        this.#tell.changed();
      })
      .finally(() => this.#offered.delete(offer.id));
  }

  /** Subscribes to every sound. */
  receiveSounds(): void {
    if (!this.#link?.hasMedia) return;
    const missing = this.#roster.publications.filter(
      (one) => one.kind === 'audio' && !one.consumer && !this.#pending.has(one) && !this.#failed.has(one),
    );
    for (const publication of missing) this.#start(publication);
  }

  #start(publication: RemotePublication): void {
    const link = this.#link;
    if (!link?.hasMedia) return;
    this.#subscribe(link, publication).catch((error: unknown) => {
      this.#tell.problem(error);
      this.#putOff(publication, error);
    });
  }

  get #reachable(): Link {
    if (this.#link) return this.#link;
    throw connectionLost();
  }

  #isWanted(publication: RemotePublication): boolean {
    return this.#roster.find(publication.id) === publication && !publication.consumer;
  }

  /** What failed by a passing cause is tried again; what this browser cannot receive is not. */
  #putOff(publication: RemotePublication, error: unknown): void {
    const failed = this.#failed;
    failed.add(publication);
    if (!(error instanceof SignallingError) || FINAL.has(error.code)) return;
    setTimeout(() => {
      if (!failed.delete(publication) || failed !== this.#failed || !this.#isWanted(publication)) return;
      this.#start(publication);
    }, RETRY_MS);
  }

  /**
   * Subscribes to a publication.
   *
   * @param replace The id of one of the user's streams that is given up for it.
   * @throws {SignallingError} `stream_limit` where all slots are held, none of them by the server's choice.
   */
  async #subscribe(link: Link, publication: RemotePublication, replace?: string): Promise<void> {
    await this.#receive(publication, () => link.subscribe(publication.id, replace));
  }

  async #receive(publication: RemotePublication, arrive: () => Promise<Arrival>): Promise<void> {
    const link = this.#link;
    if (publication.consumer || this.#pending.has(publication)) return;
    this.#pending.add(publication);
    this.#tell.changed();
    try {
      const { consumer, streamId } = await arrive();
      if (link !== this.#link || !this.#isWanted(publication) || consumer.closed) {
        consumer.close();
        return;
      }
      publication.consumer = consumer;
      publication.streamId = streamId;
      this.#tell.subscribed(publication, consumer.track);
    } finally {
      this.#pending.delete(publication);
      this.#tell.changed();
    }
  }

  /**
   * Watches a video, which is pinned with that. Where every slot is held, one of the server's choice makes way; where all
   * are one's own, the longest watched one of this tab, else of the user.
   *
   * @throws {SignallingError} where the server refuses it, or cannot be asked.
   */
  async watchInstead(publication: RemotePublication): Promise<void> {
    const link = this.#reachable;
    this.#failed.delete(publication);
    try {
      await this.#choose(link, publication);
    } catch (error) {
      const streams = this.#streams?.streams ?? [];
      const given = streams.find(({ where }) => where === 'this_tab') ?? streams[0];
      if (!(error instanceof SignallingError && error.code === 'stream_limit' && given)) throw error;
      await this.#choose(link, publication, given.streamId);
    }
    this.#tell.changed();
  }

  /** Asks for a video, which the server pins with that; one that it has offered meanwhile has only to be pinned. */
  async #choose(link: Link, publication: RemotePublication, replace?: string): Promise<void> {
    if (publication.consumer || this.#pending.has(publication)) {
      await this.#pins.ask(link, pinOf(publication));
      return;
    }
    await this.#subscribe(link, publication, replace);
    // Another place knows nothing of it.
    if (link !== this.#link) throw connectionLost();
    this.#pins.set(pinOf(publication));
  }

  /** Stops receiving a publication. */
  async unsubscribe(publication: RemotePublication): Promise<void> {
    const { consumer } = publication;
    if (!consumer) return;
    this.drop(publication);
    this.#pins.set({ ...pinOf(publication), pinned: false });
    await this.#link?.stopReceiving(consumer.id);
  }

  /** The server has ended a consumer. */
  onConsumerClosed({ consumerId, reason }: NotificationData<'consumerClosed'>): void {
    const publication =
      this.#offered.get(consumerId) ??
      this.#roster.publications.find(({ consumer }) => consumer?.id === consumerId);
    if (!publication) return;
    if (reason === 'replaced') this.#pins.set({ ...pinOf(publication), pinned: false });
    if (!publication.consumer) return;
    if (reason === 'replaced') {
      // Taking it down is a negotiation of its own, which its successor, that nobody sees yet, would have to wait for.
      this.#takeDownLater(publication.consumer);
    }
    this.drop(publication);
  }

  #takeDownLater(consumer: types.Consumer): void {
    this.#replaced.set(
      consumer,
      setTimeout(() => this.#takeDown(consumer), TAKE_DOWN_MS),
    );
  }

  #takeDown(consumer: types.Consumer): void {
    clearTimeout(this.#replaced.get(consumer));
    this.#replaced.delete(consumer);
    consumer.close();
  }

  /** What was received of a publication is gone. */
  drop(publication: RemotePublication): void {
    if (!publication.consumer) return;
    if (!this.#replaced.has(publication.consumer)) publication.consumer.close();
    publication.consumer = undefined;
    publication.streamId = undefined;
    this.#tell.unsubscribed(publication);
  }
}

function pinOf({ participantId, source }: RemotePublication): Pin {
  return { participantId, source, pinned: true };
}
