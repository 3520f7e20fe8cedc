import type { types } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import type { NotificationData } from '../../server/protocol/notifications.ts';
import { connectionLost, SignallingError } from './errors.ts';
import { Failures } from './failures.ts';
import type { Link } from './link.ts';
import type { RemotePublication } from './participants.ts';
import { Pins, type Pin } from './pins.ts';
import { Superseded } from './receive-queue.ts';
import type { Roster } from './roster.ts';

/** A video that was replaced is taken down after so many ms: its successor plays by then. */
const TAKE_DOWN_MS = 2_000;

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
  /** Publications whose consumer is being made, each by one attempt. */
  readonly #pending = new Map<RemotePublication, symbol>();
  #failures = new Failures();
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
    return this.#failures.has(publication);
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
    if (isBack) this.#failures.clearRefusals(this.#roster.publications);
    else {
      this.#failures = new Failures();
      this.#pending.clear();
    }
    const alive = new Set(consumerIds);
    for (const publication of this.#roster.publications) {
      if (!publication.consumer || alive.delete(publication.consumer.id)) continue;
      // It was given up elsewhere meanwhile.
      if (isBack) this.#pins.set({ ...pinOf(publication), pinned: false });
      this.drop(publication);
    }
    this.#pins.tell(link, this.#roster.participants).catch(this.#tell.problem);
    // Consumers that only the server knows: their answers were lost. Close them, and let the server offer them again.
    for (const consumerId of alive) {
      if (!link.inbound.isStarting(consumerId))
        link.inbound.stopReceiving(consumerId, true).catch(this.#tell.problem);
    }
    this.receiveSounds();
  }

  /**
   * What arrived has ended, while the connection goes on: everything is received anew. Sounds are asked for here; the server
   * offers the videos again.
   */
  again(): void {
    for (const publication of this.#roster.publications) this.drop(publication);
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
    if (this.#failures.isGivenUp(publication)) {
      link.inbound.stopReceiving(offer.id).catch(this.#tell.problem);
      return;
    }
    this.#failures.retry(publication);
    this.#offered.set(offer.id, publication);
    this.#receive(publication, async () => ({ consumer: await link.inbound.play(offer), streamId }))
      .catch((error: unknown) => {
        // The server has ended it meanwhile, or offers it again.
        if (error instanceof Superseded || isGone(error)) return;
        this.#tell.problem(error);
        // When it is tried again, is for the server to say.
        this.#failures.note(publication, error);
        this.#tell.changed();
      })
      .finally(() => this.#offered.delete(offer.id));
  }

  /** Subscribes to every sound. */
  receiveSounds(): void {
    if (!this.#link?.hasMedia) return;
    const missing = this.#roster.publications.filter(
      (one) => one.kind === 'audio' && !one.consumer && !this.#pending.has(one) && !this.#failures.has(one),
    );
    for (const publication of missing) this.#start(publication);
  }

  #start(publication: RemotePublication): void {
    const link = this.#link;
    if (!link?.hasMedia) return;
    this.#subscribe(link, publication).catch((error: unknown) => {
      if (link !== this.#link) return;
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

  #putOff(publication: RemotePublication, error: unknown): void {
    const failures = this.#failures;
    const wait = failures.note(publication, error);
    this.#tell.changed();
    if (wait === undefined) return;
    setTimeout(() => {
      if (failures !== this.#failures || !failures.retry(publication) || !this.#isWanted(publication)) return;
      this.#start(publication);
    }, wait);
  }

  /**
   * Subscribes to a publication.
   *
   * @param replace The id of one of the user's streams that is given up for it.
   * @throws {SignallingError} `stream_limit` where all slots are held, none of them by the server's choice.
   */
  async #subscribe(link: Link, publication: RemotePublication, replace?: string): Promise<void> {
    await this.#receive(publication, () => link.inbound.subscribe(publication.id, replace));
  }

  async #receive(publication: RemotePublication, arrive: () => Promise<Arrival>): Promise<void> {
    const link = this.#link;
    if (publication.consumer || this.#pending.has(publication)) return;
    const attempt = Symbol();
    this.#pending.set(publication, attempt);
    this.#tell.changed();
    try {
      const { consumer, streamId } = await arrive();
      const isCurrent = link === this.#link && this.#pending.get(publication) === attempt;
      if (!isCurrent || !this.#isWanted(publication) || consumer.closed) {
        consumer.close();
        return;
      }
      this.#failures.forget(publication);
      publication.consumer = consumer;
      publication.streamId = streamId;
      this.#tell.subscribed(publication, consumer.track);
    } finally {
      if (this.#pending.get(publication) === attempt) this.#pending.delete(publication);
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
    this.#failures.forget(publication);
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
    await this.#link?.inbound.stopReceiving(consumer.id);
  }

  /** The server has ended a consumer. */
  onConsumerClosed({ consumerId, reason }: NotificationData<'consumerClosed'>): void {
    const offered = this.#offered.get(consumerId);
    // It may be offered anew before this attempt has failed.
    if (offered) this.#pending.delete(offered);
    const publication =
      offered ?? this.#roster.publications.find(({ consumer }) => consumer?.id === consumerId);
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

function isGone(error: unknown): boolean {
  return error instanceof SignallingError && error.code === 'not_found';
}

function pinOf({ participantId, source }: RemotePublication): Pin {
  return { participantId, source, pinned: true };
}
