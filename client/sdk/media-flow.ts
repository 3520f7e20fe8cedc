import type { types } from 'mediasoup-client';
import type { RemotePublication } from './participants.ts';

/** Time without a packet after which a track counts as standing still, in ms. */
const STILL_MS = 1_500;

/** The last packet of a received track. */
interface Seen {
  /** Changes with every packet that is played. */
  mark: number;
  /** When it last changed, in ms. */
  at: number;
}

/** Tells whether what is received goes on arriving. */
export class MediaFlow {
  readonly #now: () => number;
  readonly #seen = new WeakMap<types.Consumer, Seen>();

  /** @param now Monotonic time, in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Notes which publications stand still. A shared screen on which nothing moves sends next to nothing: it is left out.
   *
   * @returns `changed`: one has begun or ceased to stand still; `silentMs`: how long nothing at all has arrived, in ms, 0 where
   *   nothing should.
   */
  look(publications: readonly RemotePublication[]): { changed: boolean; silentMs: number } {
    let changed = false;
    let silentMs = Infinity;
    for (const publication of publications) {
      const stillMs = isExpected(publication) ? this.#stillFor(publication.consumer) : 0;
      if (isExpected(publication)) silentMs = Math.min(silentMs, stillMs);
      const stalled = stillMs > STILL_MS;
      if (stalled === publication.stalled) continue;
      publication.stalled = stalled;
      changed = true;
    }
    return { changed, silentMs: silentMs === Infinity ? 0 : silentMs };
  }

  #stillFor(consumer: types.Consumer | undefined): number {
    const receiver = consumer?.rtpReceiver;
    if (!consumer || !receiver) return 0;
    const mark = Math.max(0, ...receiver.getSynchronizationSources().map(({ timestamp }) => timestamp));
    const seen = this.#seen.get(consumer);
    if (seen?.mark === mark) return this.#now() - seen.at;
    this.#seen.set(consumer, { mark, at: this.#now() });
    return 0;
  }
}

function isExpected({ consumer, muted, source }: RemotePublication): boolean {
  return (
    !muted && source !== 'screen_share' && consumer !== undefined && !consumer.closed && !consumer.paused
  );
}
