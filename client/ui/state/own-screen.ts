import { signal, type ReadonlySignal } from '@preact/signals';
import { canShareScreen, openScreen, type Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';
import { refusalOf } from './refusals.ts';
import { tellingIn, type Telling } from './telling.ts';
import type { Watch } from './watch.ts';
import { NO_WEBRTC } from './webrtc.ts';

const ABOUT = 'screen_share';

/** What one shows of one's own screen. */
export interface SharedScreen {
  picture: MediaStreamTrack;
  withSound: boolean;
}

/** One's own screen in a call: shared or not, and the sentence that says why it cannot be. */
export class OwnScreen {
  /** False on telephones, which have no way to do it. */
  readonly possible = canShareScreen();
  readonly shared: ReadonlySignal<SharedScreen | undefined>;
  /** Why one may not, as a sentence; empty where one may. */
  readonly refusal: ReadonlySignal<string>;
  /** The user is being asked which one. */
  readonly opening = signal(false);
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #telling: Telling;

  constructor(room: Room, watched: Watch, notices: Notices) {
    this.#room = room;
    this.#notices = notices;
    this.#telling = tellingIn(room, notices);
    this.shared = watched(sharedIn);
    this.refusal = watched((room) => refusalOf(room, 'screen_share'));
  }

  async toggle(): Promise<void> {
    if (this.shared.peek()) await this.stop();
    else await this.#start();
  }

  async stop(): Promise<void> {
    await this.#telling(ABOUT, () => this.#room.unpublishScreen());
  }

  async #start(): Promise<void> {
    const problem = this.#room.hasMedia ? this.refusal.peek() : NO_WEBRTC;
    if (problem !== '') {
      this.#notices.show(ABOUT, problem);
      return;
    }
    if (this.opening.peek()) return;
    this.opening.value = true;
    await this.#telling(ABOUT, () => this.#choose()).finally(() => (this.opening.value = false));
  }

  async #choose(): Promise<void> {
    const screen = await openScreen();
    if (!screen) return;
    if (this.#room.state === 'left') {
      screen.video.stop();
      screen.audio?.stop();
      return;
    }
    this.#notices.dismiss(ABOUT);
    await this.#room.publishScreen(screen);
  }
}

function sharedIn({ local }: Room): SharedScreen | undefined {
  const picture = local.get('screen_share')?.track;
  return picture && { picture, withSound: local.has('screen_share_audio') };
}
