import { signal, type ReadonlySignal } from '@preact/signals';
import { SignallingError, type RemotePublication, type Room, type RoomState } from '../../sdk/index.ts';
import { Exchange } from './exchange.ts';
import { Hosting } from './hosting.ts';
import { Notices } from './notices.ts';
import { OwnDevice } from './own-device.ts';
import { OwnScreen } from './own-screen.ts';
import { placesOf, type Place } from './places.ts';
import { Qualities } from './quality.ts';
import { screensOf, soundsOf, tilesOf, type ScreenContent, type Sound, type TileContent } from './tiles.ts';
import { watch } from './watch.ts';
import { NO_WEBRTC } from './webrtc.ts';
import { tellWithdrawals } from './withdrawals.ts';

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
  readonly hasConnectionProblem: ReadonlySignal<boolean>;
  readonly tiles: ReadonlySignal<readonly TileContent[]>;
  readonly screens: ReadonlySignal<readonly ScreenContent[]>;
  readonly sounds: ReadonlySignal<readonly Sound[]>;
  readonly microphone: OwnDevice;
  readonly camera: OwnDevice;
  readonly screen: OwnScreen;
  readonly hosting: Hosting;
  /** What holds the user's places for videos, here and elsewhere. */
  readonly places: ReadonlySignal<readonly Place[]>;
  readonly qualities: Qualities;
  readonly notices = new Notices();
  readonly exchange: Exchange;
  readonly #room: Room;
  readonly #news = signal('');
  #problem: SignallingError | undefined;

  constructor(room: Room) {
    const watched = watch(room);
    this.#room = room;
    this.roomName = room.name;
    this.state = watched(({ state }) => state);
    this.hasConnectionProblem = watched(({ hasConnectionProblem }) => hasConnectionProblem);
    this.tiles = watched(tilesOf);
    this.screens = watched(screensOf);
    this.sounds = watched(soundsOf);
    this.places = watched(({ streams }) => placesOf(streams));
    this.qualities = new Qualities(room);
    this.exchange = new Exchange(room, this.notices);
    this.microphone = new OwnDevice('microphone', room, watched, this.notices);
    this.camera = new OwnDevice('camera', room, watched, this.notices);
    this.screen = new OwnScreen(room, watched, this.notices);
    this.hosting = new Hosting(room, watched, this.notices);
    tellWithdrawals(room, this.notices);
    room.on('participantJoined', ({ displayName }) => (this.#news.value = `${displayName} joined`));
    room.on('participantLeft', ({ displayName }) => (this.#news.value = `${displayName} left`));
    room.on('trackUnsubscribed', (publication) => this.#tellTaken(publication));
    room.on('serverStopping', (withinMs) =>
      this.notices.show(
        'server',
        `The server restarts in ${durationOf(withinMs)} at most. You come back to this call by yourself, as soon as it is there again.`,
      ),
    );
    room.on('stateChanged', (state) => {
      if (state === 'connected') this.notices.dismiss('server');
    });
    room.on('problem', (error) => {
      if (error instanceof SignallingError) this.#problem = error;
    });
  }

  /** Who came or went last, and whom one does not see any more, to be said aloud. */
  get news(): ReadonlySignal<string> {
    return this.#news;
  }

  /** Why the room could not be kept. */
  get problem(): SignallingError | undefined {
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

  /** What one wants to keep is still there, and another video has its place now. What follows who speaks is not told. */
  #tellTaken({ id, participantId, source }: RemotePublication): void {
    const participant = this.#room.participants.get(participantId);
    if (!this.#room.isPinned(participantId, source) || this.#room.state !== 'connected') return;
    if (!participant?.publications.has(id)) return;
    this.#news.value = `You are not watching ${participant.displayName} any more`;
  }
}

/** A time in words: `45 seconds`, `2 minutes`. */
function durationOf(ms: number): string {
  const [unit, value] = ms < 120_000 ? ['second', ms / 1000] : ['minute', ms / 60_000];
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(value));
}
