import { enhancedEvents } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import type { Event, Notification, NotificationData } from '../../server/protocol/notifications.ts';
import { SignallingError } from './errors.ts';
import { Link, type LinkOptions } from './link.ts';
import { LocalTracks, type LocalPublication } from './local-tracks.ts';
import { RemoteParticipant, RemotePublication } from './participants.ts';

export type RoomState = 'connecting' | 'connected' | 'reconnecting' | 'left';

type RoomEvents = {
  /** Something that can be seen has changed: a participant, a publication, a state. Ask the room for what. */
  changed: [];
  stateChanged: [RoomState];
  participantJoined: [RemoteParticipant];
  participantLeft: [RemoteParticipant];
  trackSubscribed: [RemotePublication, MediaStreamTrack];
  trackUnsubscribed: [RemotePublication];
  activeSpeakers: [RemoteParticipant[]];
  /** Something failed that ends nothing; it is told so that it can be shown or logged. */
  problem: [unknown];
};

/** Waits before the tries to connect again, in ms; the last one is repeated. */
const RETRY_MS = [0, 500, 1_000, 2_000, 4_000];

/** Failures after which it makes no sense to connect again. */
const FINAL = new Set(['room_full', 'user_limit', 'forbidden', 'bad_request']);

/**
 * A room that one is in: who else is there, what they publish, and what one publishes oneself. When the connection is
 * lost it connects again, publishes the same tracks again and goes on.
 */
export class Room extends enhancedEvents.EnhancedEventEmitter<RoomEvents> {
  readonly #options: LinkOptions;
  readonly #participants = new Map<string, RemoteParticipant>();
  readonly #local = new LocalTracks(() => this.#changed());
  #link: Link | undefined;
  #state: RoomState = 'connecting';
  /** The loudness of one's own microphone, as the room hears it: a ratio from 0 to 1. */
  #ownLevel = 0;

  private constructor(options: LinkOptions) {
    super();
    this.#options = options;
  }

  /**
   * Joins a room.
   *
   * @throws {SignallingError} with the server's reason (`room_full`, `user_limit`, ...), or `unreachable`.
   */
  static async join(options: LinkOptions): Promise<Room> {
    const room = new Room(options);
    room.#adopt(await Link.open(options));
    return room;
  }

  get state(): RoomState {
    return this.#state;
  }

  get name(): string {
    return this.#options.room;
  }

  get displayName(): string {
    return this.#options.displayName;
  }

  /** The others, in the order in which they came. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#participants;
  }

  /** What one publishes oneself, by source. */
  get local(): ReadonlyMap<TrackSource, LocalPublication> {
    return this.#local.publications;
  }

  get ownAudioLevel(): number {
    return this.#ownLevel;
  }

  /** False in a browser without WebRTC. */
  get hasMedia(): boolean {
    return this.#link?.hasMedia ?? true;
  }

  /**
   * Publishes a track; one that was published as the same source before is replaced.
   *
   * @throws {SignallingError} where the server refuses it.
   */
  publish(track: MediaStreamTrack, source: TrackSource): Promise<void> {
    return this.#local.publish(track, source);
  }

  /** Takes a track back and stops it, so that the camera's light goes out. */
  unpublish(source: TrackSource): Promise<void> {
    return this.#local.unpublish(source);
  }

  /** Mutes or unmutes a published track without taking it back. */
  setMuted(source: TrackSource, muted: boolean): Promise<void> {
    return this.#local.setMuted(source, muted);
  }

  /** Receives what somebody publishes. */
  async subscribe(publication: RemotePublication): Promise<void> {
    const link = this.#link;
    if (!link?.hasMedia || publication.consumer) return;
    const consumer = await link.subscribe(publication.id);
    if (link !== this.#link || !this.#find(publication.id)) {
      consumer.close();
      return;
    }
    publication.consumer = consumer;
    this.safeEmit('trackSubscribed', publication, consumer.track);
    this.#changed();
  }

  /** Stops receiving what somebody publishes. */
  async unsubscribe(publication: RemotePublication): Promise<void> {
    const { consumer } = publication;
    if (!consumer) return;
    this.#dropConsumer(publication);
    await this.#link?.request('closeConsumer', { consumerId: consumer.id });
  }

  /** Leaves for good, at once, and stops one's own tracks. */
  leave(): void {
    if (this.#state === 'left') return;
    this.#setState('left');
    this.#local.stop();
    this.#participants.clear();
    this.#link?.close();
    this.#link = undefined;
    super.close();
  }

  #adopt(link: Link): void {
    this.#link = link;
    link.on('notification', (notification) => this.#onNotification(notification));
    link.once('close', () => void this.#reconnect(link));
    this.#takeOver(link.joined.participants.map((participant) => new RemoteParticipant(participant)));
    this.#setState('connected');
    link.start();
    for (const sent of this.#local.attach(link)) this.#inBackground(sent);
  }

  /** Replaces who was known by who is there, keeping quiet about those who stayed. */
  #takeOver(present: RemoteParticipant[]): void {
    const known = new Map(this.#participants);
    this.#participants.clear();
    for (const participant of present) {
      this.#participants.set(participant.id, participant);
      if (!known.delete(participant.id)) this.safeEmit('participantJoined', participant);
      for (const publication of participant.publications.values())
        this.#inBackground(this.subscribe(publication));
    }
    for (const gone of known.values()) this.safeEmit('participantLeft', gone);
    this.#changed();
  }

  async #reconnect(lost: Link): Promise<void> {
    if (this.#state === 'left' || lost !== this.#link) return;
    this.#link = undefined;
    this.#local.detach();
    this.#setState('reconnecting');
    for (let attempt = 0; !this.#hasLeft(); attempt += 1) {
      await delay(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0);
      if (this.#hasLeft()) return;
      try {
        const link = await Link.open(this.#options);
        if (this.#hasLeft()) link.close();
        else this.#adopt(link);
        return;
      } catch (error) {
        this.safeEmit('problem', error);
        if (error instanceof SignallingError && FINAL.has(error.code)) {
          this.leave();
          return;
        }
      }
    }
  }

  #hasLeft(): boolean {
    return this.#state === 'left';
  }

  #onNotification(notification: Notification): void {
    const handle = this.#handlers[notification.event] as ((data: unknown) => void) | undefined;
    handle?.(notification.data);
    this.#changed();
  }

  readonly #handlers: { [E in Event]?: (data: NotificationData<E>) => void } = {
    participantJoined: (description) => {
      const participant = new RemoteParticipant(description);
      this.#participants.set(participant.id, participant);
      this.safeEmit('participantJoined', participant);
    },
    participantLeft: ({ participantId }) => {
      const participant = this.#participants.get(participantId);
      if (!participant) return;
      for (const publication of participant.publications.values()) this.#dropConsumer(publication);
      this.#participants.delete(participantId);
      this.safeEmit('participantLeft', participant);
    },
    producerAdded: ({ participantId, producer }) => {
      const publications = this.#participants.get(participantId)?.publications;
      const publication = new RemotePublication(participantId, producer);
      publications?.set(producer.id, publication);
      this.#inBackground(this.subscribe(publication));
    },
    producerPaused: ({ producerId }) => this.#markMuted(producerId, true),
    producerResumed: ({ producerId }) => this.#markMuted(producerId, false),
    producerClosed: ({ participantId, producerId }) => {
      const publication = this.#find(producerId);
      if (publication) this.#dropConsumer(publication);
      this.#participants.get(participantId)?.publications.delete(producerId);
    },
    consumerClosed: ({ consumerId }) => {
      const publication = this.#publications().find(({ consumer }) => consumer?.id === consumerId);
      if (publication) this.#dropConsumer(publication);
    },
    roomClosed: ({ reason }) => {
      if (reason === 'room_closed') this.leave();
    },
    activeSpeakers: ({ speakers }) => {
      const levels = new Map(speakers.map(({ participantId, level }) => [participantId, level]));
      for (const participant of this.#participants.values()) {
        participant.audioLevel = levels.get(participant.id) ?? 0;
      }
      this.#ownLevel = levels.get(this.#link?.joined.participantId ?? '') ?? 0;
      const loud = speakers.flatMap(({ participantId }) => this.#participants.get(participantId) ?? []);
      this.safeEmit('activeSpeakers', loud);
    },
  };

  #publications(): RemotePublication[] {
    return [...this.#participants.values()].flatMap(({ publications }) => [...publications.values()]);
  }

  #find(producerId: string): RemotePublication | undefined {
    return this.#publications().find(({ id }) => id === producerId);
  }

  #markMuted(producerId: string, muted: boolean): void {
    const publication = this.#find(producerId);
    if (publication) publication.muted = muted;
  }

  #dropConsumer(publication: RemotePublication): void {
    if (!publication.consumer) return;
    publication.consumer.close();
    publication.consumer = undefined;
    this.safeEmit('trackUnsubscribed', publication);
  }

  #setState(state: RoomState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.safeEmit('stateChanged', state);
    this.#changed();
  }

  #changed(): void {
    this.safeEmit('changed');
  }

  /** Runs something that nobody waits for; what goes wrong is told as a `problem`. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.safeEmit('problem', error));
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
