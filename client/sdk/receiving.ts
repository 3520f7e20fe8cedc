import type { NotificationData } from '../../server/protocol/notifications.ts';
import { SignallingError } from './errors.ts';
import type { Link } from './link.ts';
import type { RemotePublication } from './participants.ts';
import type { Roster } from './roster.ts';

/** Time after which what failed by a passing cause is tried again, in ms. */
const RETRY_MS = 3_000;

/** Failures that stay: what this browser cannot receive, or its user may not. */
const FINAL = new Set<SignallingError['code']>(['cannot_consume', 'forbidden']);

/** What is told of what arrives. */
export interface ReceivingEvents {
  subscribed: (publication: RemotePublication, track: MediaStreamTrack) => void;
  unsubscribed: (publication: RemotePublication) => void;
  changed: () => void;
  problem: (error: unknown) => void;
}

/**
 * What one receives: the sound of everybody, and as many videos as the user has slots. Videos are taken in the order in
 * which they came; another choice is made by `watch`, and stays.
 */
export class Receiving {
  readonly #roster: Roster;
  readonly #tell: ReceivingEvents;
  /** Publications whose consumer is being made. */
  readonly #pending = new Set<RemotePublication>();
  /** What could not be received: it is not asked for again at once. */
  #failed = new WeakSet<RemotePublication>();
  #link: Link | undefined;
  #streams: NotificationData<'streams'> = { limit: 0, streams: [] };

  constructor(roster: Roster, tell: ReceivingEvents) {
    this.#roster = roster;
    this.#tell = tell;
  }

  /** What holds the user's slots, over all rooms and tabs. */
  get streams(): NotificationData<'streams'> {
    return this.#streams;
  }

  /** Its consumer is being made. */
  isStarting(publication: RemotePublication): boolean {
    return this.#pending.has(publication);
  }

  /** Receives over a connection; of what was received before, only `consumerIds` goes on. */
  attach(link: Link, consumerIds: string[]): void {
    this.#link = link;
    this.#failed = new WeakSet();
    const alive = new Set(consumerIds);
    for (const publication of this.#roster.publications) {
      if (publication.consumer && !alive.delete(publication.consumer.id)) this.drop(publication);
    }
    // What the server forwards and nobody here knows of: its answer was lost.
    for (const consumerId of alive) link.stopReceiving(consumerId).catch(this.#tell.problem);
    this.receiveAll();
  }

  detach(): void {
    this.#link = undefined;
  }

  /** The server has told what holds the slots: one that is free is used. */
  onStreams(streams: NotificationData<'streams'>): void {
    this.#streams = streams;
    this.receiveAll();
  }

  /** Subscribes to every sound, and to videos while there are free slots. */
  receiveAll(): void {
    if (!this.#link?.hasMedia) return;
    const missing = this.#roster.publications.filter(
      (one) => !one.consumer && !this.#pending.has(one) && !this.#failed.has(one),
    );
    const starting = [...this.#pending].filter(({ kind }) => kind === 'video').length;
    const free = Math.max(0, this.#streams.limit - this.#streams.streams.length - starting);
    const videos = missing.filter(({ kind }) => kind === 'video').slice(0, free);
    for (const publication of missing.filter(({ kind }) => kind === 'audio')) this.#start(publication);
    for (const publication of videos) this.#start(publication);
  }

  #start(publication: RemotePublication): void {
    this.subscribe(publication).catch((error: unknown) => {
      if (error instanceof SignallingError && error.code === 'stream_limit') return;
      this.#tell.problem(error);
      this.#putOff(publication, error);
      this.receiveAll();
    });
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
      // The server may forward it already, its answer lost: then this takes no slot.
      this.#start(publication);
    }, RETRY_MS);
  }

  /**
   * Subscribes to a publication.
   *
   * @param replace The id of one of the user's streams that is given up for it.
   * @throws {SignallingError} `stream_limit` where all slots are held.
   */
  async subscribe(publication: RemotePublication, replace?: string): Promise<void> {
    const link = this.#link;
    if (!link?.hasMedia || publication.consumer || this.#pending.has(publication)) return;
    this.#pending.add(publication);
    this.#tell.changed();
    try {
      const { consumer, streamId } = await link.subscribe(publication.id, replace);
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
    this.receiveAll();
  }

  /** Watches a video in place of another: the longest watched one of this tab, else of the user. */
  async watchInstead(publication: RemotePublication): Promise<void> {
    const { limit, streams } = this.#streams;
    const here = streams.find(({ where }) => where === 'this_tab');
    const replace = streams.length < limit ? undefined : (here ?? streams[0])?.streamId;
    try {
      await this.subscribe(publication, replace);
    } finally {
      // Where it failed, the place that was given up for it may be free.
      this.receiveAll();
    }
  }

  /** Stops receiving a publication. */
  async unsubscribe(publication: RemotePublication): Promise<void> {
    const { consumer } = publication;
    if (!consumer) return;
    this.drop(publication);
    await this.#link?.stopReceiving(consumer.id);
  }

  /** The server has ended a consumer. */
  onConsumerClosed(consumerId: string): void {
    const publication = this.#roster.publications.find(({ consumer }) => consumer?.id === consumerId);
    if (publication) this.drop(publication);
  }

  /** What was received of a publication is gone. */
  drop(publication: RemotePublication): void {
    if (!publication.consumer) return;
    publication.consumer.close();
    publication.consumer = undefined;
    publication.streamId = undefined;
    this.#tell.unsubscribed(publication);
  }
}
