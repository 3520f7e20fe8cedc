/** What is known of who speaks in a room, by participant id; times are in ms of a monotonic clock. */
export class Speech {
  readonly #spokeAt = new Map<string, number>();
  #leading: { participantId: string; since: number } | undefined;

  /** Somebody leads the conversation from now on. */
  lead(participantId: string, now: number): void {
    if (this.#leading?.participantId !== participantId) this.#leading = { participantId, since: now };
    this.#spokeAt.set(participantId, now);
  }

  /** These are heard now. Who leads goes on speaking as long as they are among them. */
  hear(participantIds: readonly string[], now: number): void {
    if (!this.#leading) return;
    const { participantId } = this.#leading;
    if (participantIds.includes(participantId)) this.#spokeAt.set(participantId, now);
  }

  forget(participantId: string): void {
    this.#spokeAt.delete(participantId);
    if (this.#leading?.participantId === participantId) this.#leading = undefined;
  }

  /** When somebody was last heard while leading the conversation; -Infinity: never. */
  spokeAt(participantId: string): number {
    return this.#spokeAt.get(participantId) ?? -Infinity;
  }

  /** For how long somebody has been leading the conversation without a break, in ms; 0 who does not. */
  leadsFor(participantId: string, now: number): number {
    return this.#leading?.participantId === participantId ? now - this.#leading.since : 0;
  }
}
