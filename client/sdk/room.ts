import { enhancedEvents } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import type { Event, Notification, NotificationData } from '../../server/protocol/notifications.ts';
import { SignallingError } from './errors.ts';
import { Link, type LinkOptions } from './link.ts';
import { LocalTracks, type LocalPublication } from './local-tracks.ts';
import type { RemoteParticipant, RemotePublication } from './participants.ts';
import { Receiving } from './receiving.ts';
import { Roster, type RosterChange } from './roster.ts';

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
  /** What holds the user's slots has changed. */
  streamsChanged: [NotificationData<'streams'>];
  /** The server stops within so many ms; then the room reconnects, once it is back. */
  serverStopping: [number];
  /** Something failed that ends nothing; it is told so that it can be shown or logged. */
  problem: [unknown];
};

/** Waits before the tries to join again, in ms; the last one is repeated. */
const RETRY_MS = [0, 500, 1_000, 2_000, 4_000];

/** Failures after which it makes no sense to join again. */
const FINAL = new Set(['room_full', 'user_limit', 'unauthorized', 'forbidden', 'bad_request']);

/**
 * A room that one is in: who else is there, what they publish, and what one publishes oneself. When the connection
 * breaks it comes back to the same place; where that is gone too it joins again, and goes on.
 */
export class Room extends enhancedEvents.EnhancedEventEmitter<RoomEvents> {
  readonly #options: LinkOptions;
  readonly #roster = new Roster();
  readonly #local = new LocalTracks(() => this.#changed());
  readonly #receiving = new Receiving(this.#roster, {
    subscribed: (publication, track) => this.safeEmit('trackSubscribed', publication, track),
    unsubscribed: (publication) => this.safeEmit('trackUnsubscribed', publication),
    changed: () => this.#changed(),
    problem: (error) => this.safeEmit('problem', error),
  });
  #link: Link | undefined;
  #state: RoomState = 'connecting';
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
    return this.#roster.participants;
  }

  /** What one publishes oneself, by source. */
  get local(): ReadonlyMap<TrackSource, LocalPublication> {
    return this.#local.publications;
  }

  /** The loudness of one's own microphone, as the room hears it: a ratio from 0 to 1. */
  get ownAudioLevel(): number {
    return this.#ownLevel;
  }

  /** What holds the user's slots, over all rooms, tabs and devices, and how many there are. */
  get streams(): NotificationData<'streams'> {
    return this.#receiving.streams;
  }

  /** Somebody's publication is about to be received. */
  isStarting(publication: RemotePublication): boolean {
    return this.#receiving.isStarting(publication);
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

  /**
   * Watches a video in place of another: of those that hold the user's slots, the longest watched one of this tab, else
   * of the user. With a free slot nothing is given up.
   *
   * @throws {SignallingError} where the server refuses it.
   */
  watchInstead(publication: RemotePublication): Promise<void> {
    return this.#receiving.watchInstead(publication);
  }

  /** Stops receiving what somebody publishes. */
  unsubscribe(publication: RemotePublication): Promise<void> {
    return this.#receiving.unsubscribe(publication);
  }

  /** Leaves for good, at once, and stops one's own tracks. */
  leave(): void {
    if (this.#state === 'left') return;
    this.#local.stop();
    this.#receiving.detach();
    this.#roster.clear();
    this.#setState('left');
    this.#link?.close();
    this.#link = undefined;
    super.close();
  }

  #adopt(link: Link): void {
    this.#link = link;
    link.on('notification', (notification) => this.#onNotification(notification));
    link.on('interrupted', () => this.#setState('reconnecting'));
    link.on('resumed', ({ participants, producerIds, consumerIds }) => {
      this.#tellChange(this.#roster.reconcile(participants));
      this.#receiving.attach(link, consumerIds);
      this.#inBackground(this.#local.resume(producerIds));
      this.#setState('connected');
    });
    link.on('problem', (error) => this.safeEmit('problem', error));
    link.once('close', (problem) => {
      if (problem) this.#leaveFor(problem);
      else void this.#rejoin(link);
    });
    this.#tellChange(this.#roster.reconcile(link.joined.participants));
    this.#receiving.attach(link, []);
    link.start();
    this.#setState('connected');
    for (const sent of this.#local.attach(link)) this.#inBackground(sent);
  }

  async #rejoin(lost: Link): Promise<void> {
    if (this.#state === 'left' || lost !== this.#link) return;
    this.#link = undefined;
    this.#local.detach();
    this.#receiving.detach();
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
        if (error instanceof SignallingError && FINAL.has(error.code)) this.leave();
      }
    }
  }

  #leaveFor(problem: SignallingError): void {
    this.safeEmit('problem', problem);
    this.leave();
  }

  get #ownId(): string {
    return this.#link?.joined.participantId ?? '';
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
      this.#tellChange({ joined: [this.#roster.add(description)], left: [], removed: [] });
      this.#receiving.receiveAll();
    },
    participantLeft: ({ participantId }) => {
      if (participantId === this.#ownId) {
        this.#leaveFor(new SignallingError('forbidden', 'You may not be in this room any more.'));
        return;
      }
      this.#tellChange({ joined: [], ...this.#roster.remove(participantId) });
    },
    producerAdded: ({ participantId, producer }) => {
      this.#roster.publish(participantId, producer);
      this.#receiving.receiveAll();
    },
    producerPaused: ({ producerId }) => this.#markMuted(producerId, true),
    producerResumed: ({ producerId }) => this.#markMuted(producerId, false),
    producerClosed: ({ participantId, producerId }) => {
      if (participantId === this.#ownId) {
        this.#local.drop(producerId);
        return;
      }
      const removed = this.#roster.unpublish(participantId, producerId);
      if (removed) this.#receiving.drop(removed);
    },
    consumerClosed: ({ consumerId }) => this.#receiving.onConsumerClosed(consumerId),
    streams: (streams) => {
      this.#receiving.onStreams(streams);
      this.safeEmit('streamsChanged', streams);
    },
    serverStopping: ({ withinMs }) => this.safeEmit('serverStopping', withinMs),
    roomClosed: ({ reason }) => {
      if (reason === 'room_closed') this.leave();
    },
    activeSpeakers: ({ speakers }) => {
      const levels = new Map(speakers.map(({ participantId, level }) => [participantId, level]));
      for (const participant of this.participants.values()) {
        participant.audioLevel = levels.get(participant.id) ?? 0;
      }
      this.#ownLevel = levels.get(this.#ownId) ?? 0;
      const loud = speakers.flatMap(({ participantId }) => this.participants.get(participantId) ?? []);
      this.safeEmit('activeSpeakers', loud);
    },
  };

  #tellChange({ joined, left, removed }: RosterChange): void {
    for (const publication of removed) this.#receiving.drop(publication);
    for (const participant of left) this.safeEmit('participantLeft', participant);
    for (const participant of joined) this.safeEmit('participantJoined', participant);
    this.#changed();
  }

  #markMuted(producerId: string, muted: boolean): void {
    const publication = this.#roster.find(producerId);
    if (publication) publication.muted = muted;
  }

  #setState(state: RoomState): void {
    if (this.#state === state || this.#state === 'left') return;
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
