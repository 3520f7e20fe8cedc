import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { isUnreachable } from '../unreachable.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { Params } from '../protocol/methods.ts';
import type { CallJournal } from './call-journal.ts';
import type { GuestAddress } from './guest-address.ts';
import { JournalWriter } from './journal-writer.ts';
import { OpenRooms } from './open-rooms.ts';
import type { Participant } from './participant.ts';
import { adminRefusal, entryRefusal, type Visitor } from './permissions.ts';
import { Presences } from './presences.ts';
import { refuseAt } from './refuse-at.ts';
import type { Removals } from './removals.ts';
import type { Room } from './room.ts';
import type { RoomSettings } from './settings.ts';
import { unrecorded } from './unrecorded.ts';

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
    guestRoomsPerAddress: number;
    guestPresencesPerAddress: number;
  };
  /** Time that a session goes on after the last one left where nothing else is set, in ms. */
  emptyRoomTtl: number;
  /** Monotonic time, in ms. */
  now: () => number;
}

interface RegistryEvents {
  /** Somebody is in a room, and has no transport yet. */
  joined: [Room, Participant];
}

/** All rooms of this server, by name, and the limits that span them. */
export class RoomRegistry extends EventEmitter<RegistryEvents> {
  readonly #options: RegistryOptions;
  readonly #journal: JournalWriter;
  readonly #rooms: OpenRooms;
  readonly #presences: Presences;
  #isOpen = true;

  constructor(options: RegistryOptions) {
    super();
    this.#options = options;
    this.#journal = new JournalWriter(options.log);
    const { rooms, participantsPerUser, guestRoomsPerAddress, guestPresencesPerAddress } = options.limits;
    this.#rooms = new OpenRooms({
      ...options,
      writer: this.#journal,
      maxRooms: rooms,
      guestRoomsPerAddress,
    });
    this.#presences = new Presences({
      perUser: participantsPerUser,
      guestsPerAddress: guestPresencesPerAddress,
    });
  }

  /** The rooms that are open now, also those that wait empty for somebody to come back. */
  get rooms(): ReadonlySet<Room> {
    return this.#rooms.all;
  }

  /** False once nobody gets in any more, because the server stops. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Where a user is now: each room and tab. */
  presencesOf(userId: string): Participant[] {
    return this.#presences.of(userId);
  }

  /** Somebody in the room has sent a request: it is in use. */
  noteRequest(room: Room): void {
    this.#rooms.noteRequest(room);
  }

  /**
   * Lets a user into a room, which is made if it is not there.
   *
   * @param address Where a guest comes from; nobody asks for that of who has a token.
   * @throws {AppError} `forbidden` where the grants are not for it or the user was removed from it; `room_locked`;
   *   `room_full`, `user_limit`, `address_limit` or `server_full` with `limit` and `current`; `unavailable` where a worker
   *   or the database does not answer.
   */
  async join(
    visitor: Visitor,
    params: Params<'join'>,
    address: GuestAddress,
  ): Promise<{ room: Room; participant: Participant }> {
    const guest = visitor.token ? undefined : address;
    const { userId, grants } = visitor;
    const refusal = entryRefusal(grants, params.room);
    if (refusal) throw refusal;
    this.#refuse(visitor, params.room, guest);
    const room = await this.#rooms.named(params.room, guest);
    this.#refuse(visitor, params.room, guest);
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
    this.#rooms.noteRequest(room);
    this.#presences.note(participant, guest);
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
        throw unrecorded(this.#options.log, error);
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
    room.announce(participant);
    this.#options.log.info(
      { room: room.name, sessionId: room.id, participantId: id, userId },
      'participant joined',
    );
    return { room, participant };
  }

  /** The room that is open under a name, or whose session has that id. */
  find(idOrName: string): Room | undefined {
    return [...this.rooms].find(({ id, name }) => id === idOrName || name === idOrName);
  }

  /**
   * Opens a room before anybody is in it.
   *
   * @param opener Where the guest comes from who opens it; undefined: it is opened by a token.
   * @throws {AppError} `room_exists`, `address_limit`, `server_full`, `unavailable`.
   */
  async open(name: string, settings: Partial<RoomSettings>, opener: GuestAddress | undefined): Promise<Room> {
    if (!this.#isOpen) throw stopping();
    if (this.#rooms.has(name)) {
      throw new AppError('room_exists', `Room ${name} is open already. Use it, or choose another name.`);
    }
    return this.#rooms.named(name, opener, settings);
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
    const occupied = [...this.rooms].filter(({ participants }) => participants.size > 0);
    for (const { participants } of occupied) {
      for (const participant of participants.values()) {
        participant.notify({ event: 'serverStopping', data: { withinMs: ms } });
      }
    }
    const emptied = occupied.map((room) => new Promise<void>((resolve) => room.once('empty', resolve)));
    let timer: NodeJS.Timeout | undefined;
    const timeIsOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      cut.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([Promise.all(emptied), timeIsOver]);
    clearTimeout(timer);
  }

  /** Resolves when the journal has what has happened until now, or has failed to take it, which is logged. */
  async recorded(): Promise<void> {
    await this.#journal.tried();
  }

  /** Ends every room. Nobody can join any more. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#rooms.close();
  }

  /** Resolves when the journal has everything, or cannot have it for now. After `close`. */
  async end(): Promise<void> {
    await this.#journal.end();
  }

  #refuse(visitor: Visitor, roomName: string, guest: GuestAddress | undefined): void {
    if (!this.#isOpen) throw stopping();
    if (this.#options.removals.isBarred(visitor, roomName)) {
      throw new AppError('forbidden', `You were removed from room ${roomName} by a host.`);
    }
    this.#presences.refuseOneMore(visitor.userId, guest);
  }
}

function refuseIfLocked({ name, settings }: Room, { grants }: Visitor): void {
  if (!settings.locked || !adminRefusal(grants, name)) return;
  throw new AppError('room_locked', `Room ${name} is locked. Ask a host to unlock it, then try again.`);
}

function stopping(): AppError {
  return new AppError('unavailable', 'The server is stopping. Try again in a minute.');
}
