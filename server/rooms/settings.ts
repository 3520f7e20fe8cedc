/** What can be set of a room while it is open. */
export interface RoomSettings {
  /** Nobody new gets in, but for hosts. */
  locked: boolean;
  /** Participants at once; undefined: as many as the server lets into any room. */
  maxParticipants: number | undefined;
  /** Time that the session goes on after the last one left, in ms. */
  emptyTtl: number;
}
