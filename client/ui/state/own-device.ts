import { signal, type ReadonlySignal } from '@preact/signals';
import { openDevice, type Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';
import { refusalOf } from './refusals.ts';
import { tellingIn, type Telling } from './telling.ts';
import type { Watch } from './watch.ts';
import { NO_WEBRTC } from './webrtc.ts';
import { wishes } from './wishes.ts';

export type DeviceName = 'camera' | 'microphone';

/** One's own camera or microphone in a call: on or off, and the sentence that says why it cannot be on. */
export class OwnDevice {
  readonly name: DeviceName;
  /** The others see or hear it. */
  readonly on: ReadonlySignal<boolean>;
  /** Why one may not switch it on, as a sentence; empty where one may. */
  readonly refusal: ReadonlySignal<string>;
  /** It is being asked for. */
  readonly opening = signal(false);
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #telling: Telling;

  constructor(name: DeviceName, room: Room, watched: Watch, notices: Notices) {
    this.name = name;
    this.#room = room;
    this.#notices = notices;
    this.#telling = tellingIn(room, notices);
    this.on = watched(({ local }) => local.get(name)?.muted === false);
    this.refusal = watched((room) => refusalOf(room, name));
  }

  /** A camera is given back when it is off, so that its light goes out; a microphone is muted. */
  async toggle(): Promise<void> {
    if (this.opening.peek()) return;
    if (this.refusal.peek() !== '') {
      this.#notices.show(this.name, this.refusal.peek());
      return;
    }
    const published = this.#room.local.has(this.name);
    wishes[this.name].value = !this.on.peek();
    await this.#telling(this.name, async () => {
      if (!published) await this.open();
      else if (this.name === 'camera') await this.#room.unpublish(this.name);
      else await this.#room.setMuted(this.name, this.on.peek());
      if (this.on.peek()) this.#notices.dismiss(this.name);
    });
  }

  /** Asks for the device, unless its track is there already, and sends it. What fails is told as a notice. */
  async open(track?: MediaStreamTrack): Promise<void> {
    if (!this.#room.hasMedia) {
      this.#notices.show('webrtc', NO_WEBRTC);
      return;
    }
    if (this.refusal.peek() !== '') {
      track?.stop();
      return;
    }
    this.opening.value = true;
    const work = this.#telling(this.name, async () => {
      const opened = track ?? (await openDevice(this.name));
      if (this.#room.state === 'left') {
        opened.stop();
        return;
      }
      this.#notices.dismiss(this.name);
      await this.#room.publish(opened, this.name);
    });
    await work.finally(() => (this.opening.value = false));
  }
}
