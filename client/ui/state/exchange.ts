import { signal, type ReadonlySignal } from '@preact/signals';
import type { RemotePublication, Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';
import { tellingIn, type Telling } from './telling.ts';
import type { Pinnable } from './tiles.ts';

/** What one chooses to watch: one video in place of another, and what stays. What fails is told as a notice. */
export class Exchange {
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #telling: Telling;
  readonly #running = signal<ReadonlySet<RemotePublication>>(new Set());

  constructor(room: Room, notices: Notices) {
    this.#room = room;
    this.#notices = notices;
    this.#telling = tellingIn(room, notices);
  }

  /** What has been asked for and is not there yet. */
  get running(): ReadonlySignal<ReadonlySet<RemotePublication>> {
    return this.#running;
  }

  /** Asked for a second time meanwhile, it does nothing. */
  async watchInstead(publication: RemotePublication): Promise<void> {
    if (this.#running.peek().has(publication)) return;
    this.#running.value = new Set(this.#running.peek()).add(publication);
    await this.#telling('exchange', async () => {
      await this.#room.watchInstead(publication);
      this.#notices.dismiss('exchange');
    }).finally(() => {
      this.#running.value = new Set([...this.#running.peek()].filter((other) => other !== publication));
    });
  }

  /** Pins a video, so that it stays whoever speaks, or lets it go again. What is not seen yet is to be seen with that. */
  togglePin({ publication, source, pinned }: Pinnable): void {
    if (!pinned && !publication.track) void this.watchInstead(publication);
    else
      void this.#telling('exchange', () => this.#room.setPinned(publication.participantId, source, !pinned));
  }
}
