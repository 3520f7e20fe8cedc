import { signal, type ReadonlySignal } from '@preact/signals';
import { SignallingError, type Room, type RoomState } from '../../sdk/index.ts';
import { Notices } from './notices.ts';
import { OwnDevice } from './own-device.ts';
import { soundsOf, tilesOf, type Sound, type TileContent } from './tiles.ts';
import { watch } from './watch.ts';
import { NO_WEBRTC } from './webrtc.ts';

/** What one wants to send from the beginning. */
export interface Wishes {
  microphone: boolean;
  camera: boolean;
  /** Takes over the camera's track where it is open already. */
  takeCamera?: () => MediaStreamTrack | undefined;
}

/** A room that one is in, as signals. */
export class Call {
  readonly roomName: string;
  readonly state: ReadonlySignal<RoomState>;
  readonly tiles: ReadonlySignal<readonly TileContent[]>;
  readonly sounds: ReadonlySignal<readonly Sound[]>;
  readonly microphone: OwnDevice;
  readonly camera: OwnDevice;
  readonly notices = new Notices();
  readonly #room: Room;
  readonly #news = signal('');
  #problem = '';

  constructor(room: Room) {
    const watched = watch(room);
    this.#room = room;
    this.roomName = room.name;
    this.state = watched(({ state }) => state);
    this.tiles = watched(tilesOf);
    this.sounds = watched(soundsOf);
    this.microphone = new OwnDevice('microphone', room, watched, this.notices);
    this.camera = new OwnDevice('camera', room, watched, this.notices);
    room.on('participantJoined', ({ displayName }) => (this.#news.value = `${displayName} joined`));
    room.on('participantLeft', ({ displayName }) => (this.#news.value = `${displayName} left`));
    room.on('problem', (error) => {
      if (error instanceof SignallingError) this.#problem = error.message;
    });
  }

  /** Who came or went last, to be said aloud. */
  get news(): ReadonlySignal<string> {
    return this.#news;
  }

  /** Why the room could not be kept, as a sentence. */
  get problem(): string {
    return this.#problem;
  }

  /** Sends what one wishes to. A device that fails keeps nobody out: a notice says why. */
  start({ microphone, camera, takeCamera }: Wishes): void {
    if (!this.#room.hasMedia) {
      this.notices.show('webrtc', NO_WEBRTC);
      return;
    }
    if (microphone) void this.microphone.open();
    if (camera) void this.camera.open(takeCamera?.());
  }

  leave(): void {
    this.#room.leave();
  }
}
