import type { TrackSource } from '../../server/protocol/model.ts';
import { insist } from './insisting.ts';
import type { Link } from './link.ts';

/** Whether somebody's camera or screen is pinned. */
export interface Pin {
  participantId: string;
  source: TrackSource;
  pinned: boolean;
}

/** The videos that one has pinned, by whose and what they are: a camera that is switched on again is pinned still. */
export class Pins {
  /** Also what is not pinned any more: where an answer was lost, the server may have it otherwise. */
  readonly #pins = new Map<string, Pin>();

  has(participantId: string, source: TrackSource): boolean {
    return this.#pins.get(keyOf({ participantId, source }))?.pinned ?? false;
  }

  /** What the server has done already. */
  set(pin: Pin): void {
    this.#pins.set(keyOf(pin), pin);
  }

  /** @throws {SignallingError} where the server refuses it: then all is as before. */
  async ask(link: Link, pin: Pin): Promise<void> {
    if (!this.#pins.has(keyOf(pin))) this.set({ ...pin, pinned: false });
    await link.request('setPinned', pin);
    this.set(pin);
  }

  /** Tells the server all of it, over a connection that is new or back. Those who are not `present` are forgotten. */
  async tell(link: Link, present: ReadonlyMap<string, unknown>): Promise<void> {
    for (const [key, { participantId }] of this.#pins)
      if (!present.has(participantId)) this.#pins.delete(key);
    await Promise.all(
      [...this.#pins].map(([key, pin]) =>
        insist(
          () => link.request('setPinned', pin),
          () => this.#pins.get(key) !== pin,
        ),
      ),
    );
  }
}

function keyOf({ participantId, source }: Omit<Pin, 'pinned'>): string {
  return `${participantId}/${source}`;
}
