import type { TrackSource } from '../../server/protocol/model.ts';
import type { Link } from './link.ts';

/** The videos that one has pinned, by whose and what they are: a camera that is switched on again is pinned still. */
export class Pins {
  readonly #pins = new Map<string, { participantId: string; source: TrackSource }>();

  has(participantId: string, source: TrackSource): boolean {
    return this.#pins.has(keyOf(participantId, source));
  }

  set(participantId: string, source: TrackSource, pinned: boolean): void {
    if (pinned) this.#pins.set(keyOf(participantId, source), { participantId, source });
    else this.#pins.delete(keyOf(participantId, source));
  }

  /** Tells the server of a new place what is pinned. Those who have left are forgotten. */
  async tell(link: Link): Promise<void> {
    const present = new Set(link.joined.participants.map(({ id }) => id));
    for (const [key, { participantId }] of this.#pins)
      if (!present.has(participantId)) this.#pins.delete(key);
    await Promise.all(
      [...this.#pins.values()].map((pin) => link.request('setPinned', { ...pin, pinned: true })),
    );
  }
}

function keyOf(participantId: string, source: TrackSource): string {
  return `${participantId}/${source}`;
}
