import type { Visitor } from './permissions.ts';

/** Keeps those whom a host removed from coming back into the room with what had let them in. */
export interface Removals {
  /**
   * From now on the user may not come into the room: not with these tokens, nor with any that was made until now, nor
   * as this guest.
   *
   * @throws whatever keeps it: then it holds until this server stops.
   */
  bar(userId: string, roomName: string, tokenIds: readonly string[]): Promise<void>;
  isBarred(visitor: Visitor, roomName: string): boolean;
}
