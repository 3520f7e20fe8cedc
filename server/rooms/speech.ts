/**
 * Loudness from which a sound counts as a voice: a ratio from 0 (-127 dBov) to 1 (0 dBov). It is an average over a look,
 * pauses between syllables included; noise that browsers suppress is below.
 */
const VOICE = 0.55;
/** Looks in a row at which nobody else is heard, after which that one leads. A cough is heard at two at most. */
const LOOKS_ALONE = 3;
/** A voice that is heard again within so many ms has not paused. */
const PAUSE_MS = 500;

/** Somebody who is heard, and how loud, from 0 to 1. */
interface Heard {
  participantId: string;
  level: number;
}

/** What is known of who speaks in a room, by participant id; times are in ms of a monotonic clock. */
export class Speech {
  readonly #spokeAt = new Map<string, number>();
  readonly #heardAt = new Map<string, number>();
  #leading: { participantId: string; since: number } | undefined;
  #alone: { participantId: string; looks: number; at: number } | undefined;

  /** Somebody leads the conversation from now on. */
  lead(participantId: string, now: number): void {
    if (this.#leading?.participantId !== participantId) this.#leading = { participantId, since: now };
    this.#spokeAt.set(participantId, now);
  }

  /** These are heard now, and nobody else. Who leads goes on speaking as long as they are among them. */
  hear(heard: readonly Heard[], now: number): void {
    const voices = heard.filter(({ level }) => level >= VOICE).map(({ participantId }) => participantId);
    for (const participantId of voices) this.#heardAt.set(participantId, now);
    this.#leadIfAlone(voices, now);
    const leading = this.#leading?.participantId;
    if (leading !== undefined && voices.includes(leading)) this.#spokeAt.set(leading, now);
  }

  forget(participantId: string): void {
    this.#spokeAt.delete(participantId);
    this.#heardAt.delete(participantId);
    if (this.#leading?.participantId === participantId) this.#leading = undefined;
  }

  /** When somebody was last heard while leading the conversation; -Infinity: never. */
  spokeAt(participantId: string): number {
    return this.#spokeAt.get(participantId) ?? -Infinity;
  }

  /** When somebody's voice was last heard, leading or not; -Infinity: never. */
  heardAt(participantId: string): number {
    return this.#heardAt.get(participantId) ?? -Infinity;
  }

  /** For how long somebody has been leading the conversation without a break, in ms; 0 who does not. */
  leadsFor(participantId: string, now: number): number {
    return this.#leading?.participantId === participantId ? now - this.#leading.since : 0;
  }

  #leadIfAlone(voices: readonly string[], now: number): void {
    const [participantId] = voices;
    if (participantId === undefined) return;
    if (voices.length > 1) {
      this.#alone = undefined;
      return;
    }
    const before = this.#alone;
    const goesOn = before?.participantId === participantId && now - before.at <= PAUSE_MS;
    const looks = goesOn ? before.looks + 1 : 1;
    this.#alone = { participantId, looks, at: now };
    if (looks >= LOOKS_ALONE) this.lead(participantId, now);
  }
}
