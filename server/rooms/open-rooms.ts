import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { CallJournal } from './call-journal.ts';
import type { GuestAddress } from './guest-address.ts';
import type { JournalWriter } from './journal-writer.ts';
import { refuseAt } from './refuse-at.ts';
import { Room, type RoomCloseReason } from './room.ts';
import { RoomShares } from './room-shares.ts';
import type { RoomSettings } from './settings.ts';
import { unrecorded } from './unrecorded.ts';

export interface OpenRoomsOptions {
  workers: WorkerPool;
  journal: CallJournal;
  writer: JournalWriter;
  log: Logger;
  /** Rooms that are open at once. */
  maxRooms: number;
  /** Of these, rooms that guests of one address have opened. */
  guestRoomsPerAddress: number;
  /** Time that a session goes on after the last one left where nothing else is set, in ms. */
  emptyRoomTtl: number;
  /** Monotonic time, in ms. */
  now: () => number;
}

/** The rooms that are open, by name: how each begins and ends, and how many there may be. */
export class OpenRooms {
  readonly #options: OpenRoomsOptions;
  /** Also those that are being opened. */
  readonly #byName = new Map<string, Promise<Room>>();
  readonly #open = new Set<Room>();
  readonly #shares: RoomShares;

  constructor(options: OpenRoomsOptions) {
    this.#options = options;
    this.#shares = new RoomShares(options.guestRoomsPerAddress, options.now);
  }

  get all(): ReadonlySet<Room> {
    return this.#open;
  }

  /** Whether a room of that name is open, or being opened. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * The room of that name, which is opened if it is not there.
   *
   * @param opener Where the guest comes from who opens it; undefined: it is opened by a token.
   * @throws {AppError} `address_limit` or `server_full` with `limit` and `current`; `unavailable` where a worker or the
   *   database does not answer.
   */
  named(name: string, opener: GuestAddress | undefined, settings: Partial<RoomSettings> = {}): Promise<Room> {
    const present = this.#byName.get(name);
    if (present) return present;
    this.#shares.refuseOneMore(opener);
    this.#makeWay();
    const { emptyRoomTtl: emptyTtl } = this.#options;
    const opening = this.#openRoom(name, {
      locked: false,
      maxParticipants: undefined,
      emptyTtl,
      ...settings,
    });
    this.#byName.set(name, opening);
    this.#shares.note(name, opener);
    opening.catch(() => this.#freeName(name));
    return opening;
  }

  /** Somebody in the room has sent a request: it is in use. */
  noteRequest(room: Room): void {
    this.#shares.noteRequest(room);
  }

  /** Ends every room, also those that are being opened. Nobody may open another one any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#byName.values());
    for (const room of this.#open) room.close('server_stopped');
  }

  /** Where the server is full, another room is closed if one may be. @throws {AppError} `server_full` */
  #makeWay(): void {
    const { maxRooms, log } = this.#options;
    if (this.#byName.size >= maxRooms) {
      const next = this.#shares.nextToClose(this.#open);
      if (next) {
        const { id: sessionId, name: room, participants } = next;
        log.info({ room, sessionId, participants: participants.size }, 'room makes way: the server is full');
        next.close('room_closed');
      }
    }
    refuseAt(
      maxRooms,
      this.#byName.size,
      'server_full',
      'The server has no place for another room, and those that are open are in use',
      'Try again later.',
    );
  }

  async #openRoom(name: string, settings: RoomSettings): Promise<Room> {
    const { workers, journal, writer, log } = this.#options;
    const room = await Room.create(name, settings, await workers.createRouter());
    try {
      const { id, startedAt } = room;
      await journal.sessionStarted({ id, roomName: name, startedAt, settings });
      if (room.closed)
        throw new AppError('unavailable', `The media worker of room ${name} has ended. Join again.`);
    } catch (error) {
      room.close('room_closed');
      this.#recordEnd(room);
      throw unrecorded(log, error);
    }
    this.#open.add(room);
    log.info({ room: name, sessionId: room.id }, 'room opened');
    this.#closeWhenEmpty(room);
    room.on('updated', () => {
      const { id, version, settings: changed } = room;
      writer.write('a change of a room', () => journal.sessionUpdated({ id, version, settings: changed }));
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

  #freeName(name: string): void {
    this.#byName.delete(name);
    this.#shares.forget(name);
  }

  #forget(room: Room, reason: RoomCloseReason): void {
    this.#open.delete(room);
    this.#freeName(room.name);
    this.#recordEnd(room);
    this.#options.log.info({ room: room.name, sessionId: room.id, reason }, 'room closed');
  }

  #recordEnd({ id }: Room): void {
    const { journal, writer } = this.#options;
    const endedAt = new Date();
    writer.write('the end of a session', () => journal.sessionEnded({ id, endedAt }));
  }
}
