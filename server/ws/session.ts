import { AppError } from '../errors.ts';
import type { Notification } from '../protocol/notifications.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Room } from '../rooms/room.ts';

export interface Presence {
  room: Room;
  participant: Participant;
}

/** What one connection stands for: the user behind it and, once joined, its place in a room. */
export class Session {
  readonly userId: string;
  readonly rooms: RoomRegistry;
  /** True once the socket is gone; whatever is still under way for it must be undone. */
  ended = false;
  #presence: Presence | undefined;

  readonly #notify: (notification: Notification) => void;

  /** @param notify Tells the client something. */
  constructor(userId: string, rooms: RoomRegistry, notify: (notification: Notification) => void) {
    this.userId = userId;
    this.rooms = rooms;
    this.#notify = notify;
  }

  /** @throws {AppError} `not_joined` */
  get presence(): Presence {
    if (!this.#presence) throw new AppError('not_joined', 'You are in no room. Send `join` first.');
    return this.#presence;
  }

  get joined(): boolean {
    return this.#presence !== undefined;
  }

  /** From now on the client is told what happens in the room. */
  enter(presence: Presence): void {
    this.#presence = presence;
    presence.participant.on('notify', this.#notify);
    presence.participant.once('close', () => (this.#presence = undefined));
  }
}
