import { signal, type ReadonlySignal } from '@preact/signals';
import { SignallingError, type RemotePublication, type Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';

/** Watching one video in place of another. What fails is told as a notice. */
export class Exchange {
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #running = signal<ReadonlySet<RemotePublication>>(new Set());

  constructor(room: Room, notices: Notices) {
    this.#room = room;
    this.#notices = notices;
  }

  /** What has been asked for and is not there yet. */
  get running(): ReadonlySignal<ReadonlySet<RemotePublication>> {
    return this.#running;
  }

  /** Asked for a second time meanwhile, it does nothing. */
  async watchInstead(publication: RemotePublication): Promise<void> {
    if (this.#running.peek().has(publication)) return;
    this.#running.value = new Set(this.#running.peek()).add(publication);
    try {
      await this.#room.watchInstead(publication);
      this.#notices.dismiss('exchange');
    } catch (error) {
      if (!(error instanceof SignallingError)) throw error;
      if (this.#room.state !== 'left') this.#notices.show('exchange', error.message);
    } finally {
      this.#running.value = new Set([...this.#running.peek()].filter((other) => other !== publication));
    }
  }
}
