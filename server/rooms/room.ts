import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { AppError } from '../errors.ts';
import type { RoutedWorker } from '../media/worker-pool.ts';
import type { Participant as Description } from '../protocol/model.ts';
import type { NotificationData, Notification } from '../protocol/notifications.ts';
import { ActiveSpeakers, type Speaker } from './active-speakers.ts';
import { refreshOnReturn } from './key-frames.ts';
import { Participant, type ParticipantOptions } from './participant.ts';
import { entryRefusal, permissionsOf, type Visitor } from './permissions.ts';
import type { Publication } from './publication.ts';
import type { RoomSettings } from './settings.ts';
import { Speech } from './speech.ts';

export type RoomCloseReason = NotificationData<'roomClosed'>['reason'];

interface RoomEvents {
  /** The last participant left. */
  empty: [];
  /** Its settings have changed. */
  updated: [];
  /** What can be watched has changed, or who speaks. */
  changed: [];
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
  readonly startedAt = new Date();
  readonly speech = new Speech();
  readonly #media: RoutedWorker;
  readonly #speakers: ActiveSpeakers;
  readonly #participants = new Map<string, Participant>();
  /** Those of whom the others know. */
  readonly #announced = new WeakSet<Participant>();
  #settings: Readonly<RoomSettings>;
  #version = 1;
  #closed = false;

  private constructor(name: string, settings: RoomSettings, media: RoutedWorker, speakers: ActiveSpeakers) {
    super();
    this.name = name;
    this.#settings = settings;
    this.#media = media;
    this.#speakers = speakers;
    media.router.on('workerclose', () => this.close('worker_died'));
    speakers.on('change', (loud) => this.#hear(loud));
    speakers.on('lead', (producerId) => this.#lead(producerId));
  }

  static async create(name: string, settings: RoomSettings, media: RoutedWorker): Promise<Room> {
    try {
      return new Room(name, settings, media, await ActiveSpeakers.create(media.router));
    } catch (error) {
      media.router.close();
      throw error;
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  get settings(): Readonly<RoomSettings> {
    return this.#settings;
  }

  /** Goes up with each change of the settings, from 1. */
  get version(): number {
    return this.#version;
  }

  /** Changes settings, and tells everybody whether the room is locked now. Those who are in it stay. */
  update(changes: Partial<RoomSettings>): void {
    const before = this.#settings;
    this.#settings = { ...before, ...changes };
    this.#version += 1;
    this.emit('updated');
    const { locked } = this.#settings;
    if (locked === before.locked) return;
    for (const participant of this.#participants.values()) {
      participant.notify({ event: 'roomUpdated', data: { locked } });
    }
  }

  /** Those who are in the room now, by participant id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#participants;
  }

  /**
   * Gives somebody a place. The others know nothing of it until `announce`: by then it is certain that the participant is let in.
   *
   * @throws {AppError} `unavailable` where the room has closed meanwhile.
   */
  add(options: Omit<ParticipantOptions, 'media'>): Participant {
    if (this.#closed) throw new AppError('unavailable', `Room ${this.name} has just closed. Join again.`);
    const participant = new Participant({ ...options, media: this.#media });
    refreshOnReturn(participant);
    participant.on('announce', (notification) => {
      this.#tellOthers(participant, notification);
      this.emit('changed');
    });
    participant.on('published', ({ producer, source, starting }) => {
      // What is played on a shared screen is nobody's voice.
      if (source === 'microphone') this.#listenTo(producer);
      void starting.then(() => this.emit('changed'));
    });
    participant.once('close', (reason) => {
      this.#participants.delete(participant.id);
      this.speech.forget(participant.id);
      this.#tellOthers(participant, {
        event: 'participantLeft',
        data: { participantId: participant.id, reason },
      });
      if (this.#participants.size === 0) this.emit('empty');
    });
    this.#participants.set(participant.id, participant);
    return participant;
  }

  /** Tells the others of somebody who is let in. */
  announce(participant: Participant): void {
    this.#announced.add(participant);
    this.#tellOthers(participant, { event: 'participantJoined', data: participant.describe() });
  }

  /** @throws {AppError} `not_found` */
  participant(participantId: string): Participant {
    const participant = this.#participants.get(participantId);
    if (participant) return participant;
    throw new AppError('not_found', `Nobody in room ${this.name} has the participant id ${participantId}.`);
  }

  /** What a participant is told of the others; of those who are hidden, nothing. */
  othersThan(participant: Participant): Description[] {
    return [...this.#participants.values()]
      .filter((other) => other !== participant && this.#isShown(other))
      .map((other) => other.describe());
  }

  /**
   * Gives a participant other grants. Where they are not for this room, the participant is removed.
   *
   * @throws {AppError} `forbidden` where they would hide the participant, or show one that is hidden.
   */
  regrant(participant: Participant, { grants, token }: Pick<Visitor, 'grants' | 'token'>): void {
    if (grants.hidden !== participant.grants.hidden) {
      throw new AppError('forbidden', 'Being hidden cannot change while in a room. Leave it first.');
    }
    if (token) participant.noteToken(token.id);
    if (!entryRefusal(grants, this.name)) {
      participant.notify({ event: 'permissions', data: permissionsOf(grants, this.name) });
      participant.regrant(grants);
      return;
    }
    this.remove(participant);
  }

  /** Puts a participant out, and tells it so. */
  remove(participant: Participant): void {
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

  /** What somebody in this room publishes, by the id of the producer. */
  publication(producerId: string): Publication | undefined {
    for (const { publications } of this.#participants.values()) {
      const publication = publications.get(producerId);
      if (publication) return publication;
    }
    return undefined;
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
    if (this.#closed || !this.#isShown(participant)) return;
    for (const other of this.#participants.values()) {
      if (other !== participant) other.notify(notification);
    }
  }

  #isShown(participant: Participant): boolean {
    return this.#announced.has(participant) && !participant.grants.hidden;
  }

  #hear(loud: Speaker[]): void {
    const speakers = loud.flatMap(({ producerId, level }) => {
      const speaker = this.#speaker(producerId);
      return speaker ? [{ participantId: speaker.id, level }] : [];
    });
    for (const participant of this.#participants.values()) {
      participant.notify({ event: 'activeSpeakers', data: { speakers } });
    }
    this.speech.hear(speakers, performance.now());
    if (speakers.length > 0) this.emit('changed');
  }

  #lead(producerId: string): void {
    const speaker = this.#speaker(producerId);
    if (!speaker) return;
    this.speech.lead(speaker.id, performance.now());
    this.emit('changed');
  }

  #speaker(producerId: string): Participant | undefined {
    return [...this.#participants.values()].find(({ publications }) => publications.has(producerId));
  }

  #listenTo(producer: types.Producer): void {
    this.#speakers.add(producer).catch((error: unknown) => {
      if (!producer.closed) this.emit('error', error);
    });
  }
}
