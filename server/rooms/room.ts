import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { AppError } from '../errors.ts';
import type { RoutedWorker } from '../media/worker-pool.ts';
import type { Grants } from '../protocol/grants.ts';
import type { Participant as Description } from '../protocol/model.ts';
import type { NotificationData, Notification } from '../protocol/notifications.ts';
import { ActiveSpeakers, type Speaker } from './active-speakers.ts';
import { Participant, type ParticipantOptions } from './participant.ts';
import { entryRefusal } from './permissions.ts';
import type { Publication } from './publication.ts';

export type RoomCloseReason = NotificationData<'roomClosed'>['reason'];

interface RoomEvents {
  /** The last participant left. */
  empty: [];
  close: [RoomCloseReason];
  /** Something failed that ends nothing. */
  error: [unknown];
}

/**
 * A session of a room: the participants who are in it together, on one router. It tells each of them what the others
 * do. It ends when it is closed, or with its worker.
 */
export class Room extends EventEmitter<RoomEvents> {
  /** The id of this session, which the database keeps. */
  readonly id = randomUUID();
  readonly name: string;
  readonly #media: RoutedWorker;
  readonly #speakers: ActiveSpeakers;
  readonly #participants = new Map<string, Participant>();
  #closed = false;

  private constructor(name: string, media: RoutedWorker, speakers: ActiveSpeakers) {
    super();
    this.name = name;
    this.#media = media;
    this.#speakers = speakers;
    media.router.on('workerclose', () => this.close('worker_died'));
    speakers.on('change', (loud) => this.#tellSpeakers(loud));
  }

  static async create(name: string, media: RoutedWorker): Promise<Room> {
    return new Room(name, media, await ActiveSpeakers.create(media.router));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Those who are in the room now, by participant id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#participants;
  }

  /** Lets somebody in and tells the others. @throws {AppError} `unavailable` where the room has closed meanwhile. */
  add(options: Omit<ParticipantOptions, 'media'>): Participant {
    if (this.#closed) throw new AppError('unavailable', `Room ${this.name} has just closed. Join again.`);
    const participant = new Participant({ ...options, media: this.#media });
    participant.on('announce', (notification) => this.#tellOthers(participant, notification));
    participant.on('published', ({ producer }) => {
      if (producer.kind === 'audio') this.#listenTo(producer);
    });
    participant.once('close', (reason) => {
      this.#participants.delete(participant.id);
      this.#tellOthers(participant, {
        event: 'participantLeft',
        data: { participantId: participant.id, reason },
      });
      if (this.#participants.size === 0) this.emit('empty');
    });
    this.#participants.set(participant.id, participant);
    this.#tellOthers(participant, { event: 'participantJoined', data: participant.describe() });
    return participant;
  }

  /** What a participant is told of the others; of those who are hidden, nothing. */
  othersThan(participant: Participant): Description[] {
    return [...this.#participants.values()]
      .filter((other) => other !== participant && !other.grants.hidden)
      .map((other) => other.describe());
  }

  /**
   * Gives a participant other grants. Where they are not for this room, the participant is removed.
   *
   * @throws {AppError} `forbidden` where they would hide the participant, or show one that is hidden.
   */
  regrant(participant: Participant, grants: Grants): void {
    if (grants.hidden !== participant.grants.hidden) {
      throw new AppError('forbidden', 'Being hidden cannot change while in a room. Leave it first.');
    }
    if (!entryRefusal(grants, this.name)) {
      participant.regrant(grants);
      return;
    }
    participant.notify({
      event: 'participantLeft',
      data: { participantId: participant.id, reason: 'removed' },
    });
    participant.close('removed');
  }

  /**
   * What somebody in this room other than `viewer` publishes, by the id of the producer.
   *
   * @throws {AppError} `not_found`, for another room's producers too.
   */
  publishedFor(
    viewer: Participant,
    producerId: string,
  ): { publisher: Participant; publication: Publication } {
    for (const publisher of this.#participants.values()) {
      const publication = publisher.publications.get(producerId);
      if (publication && publisher !== viewer) return { publisher, publication };
    }
    throw new AppError('not_found', `Nobody else in this room publishes a producer ${producerId}.`);
  }

  /** Ends the session for everybody. Doing it again does nothing. */
  close(reason: RoomCloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const participant of this.#participants.values()) {
      participant.notify({ event: 'roomClosed', data: { reason } });
    }
    for (const participant of this.#participants.values()) participant.close(reason);
    this.#media.router.close();
    this.emit('close', reason);
  }

  #tellOthers(participant: Participant, notification: Notification): void {
    if (this.#closed || participant.grants.hidden) return;
    for (const other of this.#participants.values()) {
      if (other !== participant) other.notify(notification);
    }
  }

  #tellSpeakers(loud: Speaker[]): void {
    const speakers = loud.flatMap(({ producerId, level }) => {
      const owner = [...this.#participants.values()].find(({ publications }) => publications.has(producerId));
      return owner ? [{ participantId: owner.id, level }] : [];
    });
    for (const participant of this.#participants.values()) {
      participant.notify({ event: 'activeSpeakers', data: { speakers } });
    }
  }

  #listenTo(producer: types.Producer): void {
    this.#speakers.add(producer).catch((error: unknown) => {
      if (!producer.closed) this.emit('error', error);
    });
  }
}
