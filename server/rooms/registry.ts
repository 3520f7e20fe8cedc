import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { isUnreachable } from '../unreachable.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { Params } from '../protocol/methods.ts';
import type { CallJournal } from './call-journal.ts';
import { JournalWriter } from './journal-writer.ts';
import type { Participant } from './participant.ts';
import { adminRefusal, entryRefusal, type Visitor } from './permissions.ts';
import type { Removals } from './removals.ts';
import { Room, type RoomCloseReason } from './room.ts';
import type { RoomSettings } from './settings.ts';

export interface RegistryOptions {
  workers: WorkerPool;
  journal: CallJournal;
  removals: Removals;
  log: Logger;
  limits: {
    rooms: number;
    participantsPerRoom: number;
    participantsPerUser: number;
    producersPerParticipant: number;
  };
  /** Time that a session goes on after the last one left where nothing else is set, in ms. */
  emptyRoomTtl: number;
}

interface RegistryEvents {
  /** Somebody is in a room, and has no transport yet. */
  joined: [Room, Participant];
}

/** All rooms of this server, by name, and the limits that span them. */
export class RoomRegistry extends EventEmitter<RegistryEvents> {
  readonly #options: RegistryOptions;
  readonly #rooms = new Map<string, Promise<Room>>();
  readonly #open = new Set<Room>();
  /** The rooms that somebody has been in. */
  readonly #entered = new WeakSet<Room>();
  readonly #presences = new Map<string, Set<Participant>>();
  readonly #journal: JournalWriter;
  #isOpen = true;

  constructor(options: RegistryOptions) {
    super();
    this.#options = options;
    this.#journal = new JournalWriter(options.log);
  }

  /** The rooms that are open now, also those that wait empty for somebody to come back. */
  get rooms(): ReadonlySet<Room> {
    return this.#open;
  }

  /** False once nobody gets in any more, because the server stops. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Where a user is now: each room and tab. */
  presencesOf(userId: string): Participant[] {
    return [...(this.#presences.get(userId) ?? [])];
  }

  /**
   * Lets a user into a room, which is made if it is not there.
   *
   * @throws {AppError} `forbidden` where the grants are not for it or the user was removed from it; `room_locked`;
   *   `room_full`, `user_limit` or `server_full` with `limit` and `current`; `unavailable` where a worker or the database
   *   does not answer.
   */
  async join(visitor: Visitor, params: Params<'join'>): Promise<{ room: Room; participant: Participant }> {
    const { userId, grants } = visitor;
    const refusal = entryRefusal(grants, params.room);
    if (refusal) throw refusal;
    this.#refuse(visitor, params.room);
    const room = await this.#roomNamed(params.room);
    this.#refuse(visitor, params.room);
    refuseIfLocked(room, visitor);
    const { participantsPerRoom, producersPerParticipant } = this.#options.limits;
    const places = Math.min(participantsPerRoom, room.settings.maxParticipants ?? Infinity);
    refuseAt(places, room.participants.size, 'room_full', `Room ${room.name} is full`);

    const participant = room.add({
      userId,
      displayName: visitor.displayName ?? params.displayName.trim(),
      deviceId: params.deviceId,
      rtpCapabilities: params.rtpCapabilities,
      grants,
      tokenId: visitor.token?.id,
      maxProducers: producersPerParticipant,
    });
    this.#entered.add(room);
    this.#notePresence(participant);
    this.emit('joined', room, participant);
    const { id, displayName } = participant;
    const joined = this.#options.journal
      .participantJoined({
        id,
        sessionId: room.id,
        userId,
        displayName,
        hidden: grants.hidden,
        joinedAt: new Date(),
      })
      .catch((error: unknown) => {
        participant.close('disconnected');
        throw unavailable(this.#options.log, error);
      });
    participant.once('close', (reason) => {
      const leftAt = new Date();
      // Where joining failed, too: the answer alone may have been lost.
      this.#journal.write('leaving', async () => {
        await Promise.allSettled([joined]);
        await this.#options.journal.participantLeft({ id, leftAt, reason });
      });
    });
    await joined;
    if (!this.#isOpen) participant.close('server_stopped');
    if (participant.closed)
      throw new AppError('unavailable', `Room ${room.name} has just closed. Join again.`);
    this.#options.log.info(
      { room: room.name, sessionId: room.id, participantId: id, userId },
      'participant joined',
    );
    return { room, participant };
  }

  /** The room that is open under a name, or whose session has that id. */
  find(idOrName: string): Room | undefined {
    return [...this.#open].find(({ id, name }) => id === idOrName || name === idOrName);
  }

  /**
   * Opens a room before anybody is in it.
   *
   * @throws {AppError} `room_exists`, `server_full`, `unavailable`.
   */
  async open(name: string, settings: Partial<RoomSettings>): Promise<Room> {
    if (!this.#isOpen) throw stopping();
    if (this.#rooms.has(name)) {
      throw new AppError('room_exists', `Room ${name} is open already. Use it, or choose another name.`);
    }
    return this.#roomNamed(name, settings);
  }

  /**
   * Puts a user out of a room, from every tab, and does not let them in again with what had let them in.
   *
   * @param by Who does it, for the log.
   * @throws {AppError} `not_found`; `unavailable` where it could not be recorded: then it holds until this server stops.
   */
  async remove(room: Room, participantId: string, by: string): Promise<void> {
    const { userId } = room.participant(participantId);
    const { removals, log } = this.#options;
    const presences = [...room.participants.values()].filter((participant) => participant.userId === userId);
    const recorded = removals.bar(
      userId,
      room.name,
      presences.flatMap(({ tokenIds }) => tokenIds),
    );
    for (const participant of presences) room.remove(participant);
    log.info({ room: room.name, sessionId: room.id, participantId, userId, by }, 'participant removed');
    try {
      await recorded;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      log.error({ err: error }, 'a removal could not be recorded');
      throw new AppError(
        'unavailable',
        'They are out. The database does not answer now: it holds until this server stops.',
      );
    }
  }

  /**
   * Lets nobody in any more, tells everybody that the server stops, and resolves when the last one has left, when `ms`
   * have passed, or at the signal `cut`.
   */
  async drain(ms: number, cut: AbortSignal): Promise<void> {
    this.#isOpen = false;
    const over = AbortSignal.any([cut, AbortSignal.timeout(ms)]);
    const occupied = [...this.#open].filter(({ participants }) => participants.size > 0);
    for (const { participants } of occupied) {
      for (const participant of participants.values()) {
        participant.notify({ event: 'serverStopping', data: { withinMs: ms } });
      }
    }
    const emptied = occupied.map((room) => new Promise<void>((resolve) => room.once('empty', resolve)));
    const timeIsOver = new Promise<void>((resolve) => over.addEventListener('abort', () => resolve()));
    await Promise.race([Promise.all(emptied), timeIsOver]);
  }

  /** Resolves when the journal has what has happened until now, or has failed to take it, which is logged. */
  async recorded(): Promise<void> {
    await this.#journal.tried();
  }

  /** Ends every room. Nobody can join any more. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.allSettled(this.#rooms.values());
    for (const room of this.#open) room.close('server_stopped');
  }

  /** Resolves when the journal has everything, or cannot have it for now. After `close`. */
  async end(): Promise<void> {
    await this.#journal.end();
  }

  #notePresence(participant: Participant): void {
    const { userId } = participant;
    const presences = this.#presences.get(userId) ?? new Set<Participant>();
    this.#presences.set(userId, presences.add(participant));
    participant.once('close', () => {
      presences.delete(participant);
      if (presences.size === 0) this.#presences.delete(userId);
    });
  }

  #refuse(visitor: Visitor, roomName: string): void {
    const { userId } = visitor;
    if (!this.#isOpen) throw stopping();
    if (this.#options.removals.isBarred(visitor, roomName)) {
      throw new AppError('forbidden', `You were removed from room ${roomName} by a host.`);
    }
    const { participantsPerUser } = this.#options.limits;
    const current = this.presencesOf(userId).length;
    refuseAt(participantsPerUser, current, 'user_limit', 'You are in too many rooms and tabs. Leave one');
  }

  #roomNamed(name: string, settings: Partial<RoomSettings> = {}): Promise<Room> {
    const present = this.#rooms.get(name);
    if (present) return present;
    const { rooms } = this.#options.limits;
    if (this.#rooms.size >= rooms) this.#closeAnEmptyRoom();
    refuseAt(rooms, this.#rooms.size, 'server_full', 'The server has no place for another room');
    const { emptyRoomTtl: emptyTtl } = this.#options;
    const opening = this.#openRoom(name, {
      locked: false,
      maxParticipants: undefined,
      emptyTtl,
      ...settings,
    });
    this.#rooms.set(name, opening);
    opening.catch(() => this.#rooms.delete(name));
    return opening;
  }

  /** An empty room makes way for one that is needed now, unless it is locked: one that nobody has come to yet, with its settings, goes last. */
  #closeAnEmptyRoom(): void {
    const empty = [...this.#open].filter(
      ({ participants, settings }) => participants.size === 0 && !settings.locked,
    );
    const next = empty.find((room) => this.#entered.has(room)) ?? empty[0];
    next?.close('room_closed');
  }

  async #openRoom(name: string, settings: RoomSettings): Promise<Room> {
    const { workers, journal, log } = this.#options;
    const room = await Room.create(name, settings, await workers.createRouter());
    try {
      const { id, startedAt } = room;
      await journal.sessionStarted({ id, roomName: name, startedAt, settings });
      if (room.closed)
        throw new AppError('unavailable', `The media worker of room ${name} has ended. Join again.`);
    } catch (error) {
      room.close('room_closed');
      this.#recordEnd(room);
      throw unavailable(log, error);
    }
    this.#open.add(room);
    log.info({ room: name, sessionId: room.id }, 'room opened');
    this.#closeWhenEmpty(room);
    room.on('updated', () => {
      const { id, version, settings: changed } = room;
      this.#journal.write('a change of a room', () =>
        journal.sessionUpdated({ id, version, settings: changed }),
      );
    });
    room.once('close', (reason) => this.#forget(room, reason));
    room.on('error', (error) => log.error({ err: error, room: name }, 'room failed to do something'));
    return room;
  }

  /** An open room that nobody is in ends after its `emptyTtl`; also one that nobody ever got into. */
  #closeWhenEmpty(room: Room): void {
    let timer: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (room.participants.size === 0) room.close('room_closed');
      }, room.settings.emptyTtl);
    };
    wait();
    room.on('empty', wait);
    room.on('updated', wait);
    room.once('close', () => clearTimeout(timer));
  }

  #forget(room: Room, reason: RoomCloseReason): void {
    this.#open.delete(room);
    this.#rooms.delete(room.name);
    this.#recordEnd(room);
    this.#options.log.info({ room: room.name, sessionId: room.id, reason }, 'room closed');
  }

  #recordEnd({ id }: Room): void {
    const endedAt = new Date();
    this.#journal.write('the end of a session', () => this.#options.journal.sessionEnded({ id, endedAt }));
  }
}

function refuseIfLocked({ name, settings }: Room, { grants }: Visitor): void {
  if (!settings.locked || !adminRefusal(grants, name)) return;
  throw new AppError('room_locked', `Room ${name} is locked. Ask a host to unlock it, then try again.`);
}

function stopping(): AppError {
  return new AppError('unavailable', 'The server is stopping. Try again in a minute.');
}

function refuseAt(
  limit: number,
  current: number,
  code: 'room_full' | 'user_limit' | 'server_full',
  message: string,
): void {
  if (current >= limit) throw new AppError(code, `${message} (${current} of ${limit}).`, { limit, current });
}

/** Maps a failure of the journal to `unavailable` if the database cannot be reached; any other error is returned as it is. */
function unavailable(log: Logger, error: unknown): unknown {
  if (!isUnreachable(error)) return error;
  log.error({ err: error }, 'the database did not record a call');
  return new AppError('unavailable', 'The database does not answer now. Try again in a few seconds.');
}
