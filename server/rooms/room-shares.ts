import type { GuestAddress } from './guest-address.ts';
import { refuseAt } from './refuse-at.ts';
import type { Room } from './room.ts';

/** Time without a request from anybody in a room after which it may make way for another one, in ms. */
const IDLE_MS = 60_000;

/** What decides whether a room makes way. */
export type Occupancy = Pick<Room, 'name' | 'settings'> & { participants: { readonly size: number } };

/** Guests of which address have opened each room, and which room makes way for another one when the server is full. */
export class RoomShares<R extends Occupancy = Room> {
  readonly #perAddress: number;
  readonly #now: () => number;
  /** The addresses of guests, by the name of the room that they opened. */
  readonly #openers = new Map<string, string>();
  /** When somebody in a room last sent a request; none for a room that nobody has been in. */
  readonly #requests = new WeakMap<R, number>();

  /**
   * @param perAddress Open rooms that guests of one address have opened.
   * @param now Monotonic time, in ms.
   */
  constructor(perAddress: number, now: () => number) {
    this.#perAddress = perAddress;
    this.#now = now;
  }

  /**
   * Whether guests of an address may open one more.
   *
   * @param opener Undefined for who has a token.
   * @throws {AppError} `address_limit` with `limit` and `current`.
   */
  refuseOneMore(opener: GuestAddress | undefined): void {
    if (!opener?.bounded) return;
    refuseAt(
      this.#perAddress,
      this.#openedFrom(opener.key),
      'address_limit',
      'Guests from your network address have as many rooms open as they may',
      'Join one of those, or try again when one has closed.',
    );
  }

  /** A room counts for its opener until it is forgotten, empty or not. */
  note(roomName: string, opener: GuestAddress | undefined): void {
    if (opener) this.#openers.set(roomName, opener.key);
  }

  forget(roomName: string): void {
    this.#openers.delete(roomName);
  }

  /** Somebody in the room has sent a request. */
  noteRequest(room: R): void {
    this.#requests.set(room, this.#now());
  }

  /**
   * The room that is closed for another one. A locked room never is. First those that nobody is in, the longest idle first and
   * those that nobody has come to yet last. Then those of an address above its bound, the longest idle first, unless somebody
   * in it has sent a request within the last minute.
   */
  nextToClose(rooms: Iterable<R>): R | undefined {
    const unlocked = [...rooms].filter(({ settings }) => !settings.locked);
    const empty = unlocked.filter(({ participants }) => participants.size === 0);
    return (
      this.#longestIdle(empty) ??
      empty[0] ??
      this.#longestIdle(unlocked.filter((room) => this.#isSurplus(room)))
    );
  }

  #isSurplus(room: R): boolean {
    const opener = this.#openers.get(room.name);
    if (opener === undefined || this.#openedFrom(opener) <= this.#perAddress) return false;
    return this.#now() - (this.#requests.get(room) ?? -Infinity) >= IDLE_MS;
  }

  /** Of those that somebody has been in. */
  #longestIdle(rooms: R[]): R | undefined {
    const times = rooms.flatMap((room) => {
      const at = this.#requests.get(room);
      return at === undefined ? [] : [{ room, at }];
    });
    return times.sort((one, other) => one.at - other.at)[0]?.room;
  }

  #openedFrom(key: string): number {
    return [...this.#openers.values()].filter((opener) => opener === key).length;
  }
}
