import { signal, type ReadonlySignal } from '@preact/signals';
import { MediaError, openDevice } from '../../sdk/index.ts';

/** One's own picture before one joins. */
export class Preview {
  readonly #track = signal<MediaStreamTrack>();
  readonly #message = signal('');
  #wanted = false;

  get track(): ReadonlySignal<MediaStreamTrack | undefined> {
    return this.#track;
  }

  /** Why there is no picture, as a sentence. */
  get message(): ReadonlySignal<string> {
    return this.#message;
  }

  /** Shows the picture where the page may use the camera already: nobody is asked before they did anything. */
  async startIfAllowed(): Promise<void> {
    this.#wanted = true;
    const allowed = (await cameraPermission()) === 'granted';
    if (!this.#isWanted()) return;
    if (allowed) await this.start();
    else this.#message.value = 'Your camera starts when you join.';
  }

  async start(): Promise<void> {
    this.#wanted = true;
    this.#message.value = '';
    if (this.#track.peek()) return;
    try {
      const track = await openDevice('camera');
      if (this.#isWanted() && !this.#track.peek()) this.#track.value = track;
      else track.stop();
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      if (this.#isWanted()) this.#message.value = error.message;
    }
  }

  stop(): void {
    this.take()?.stop();
    this.#message.value = 'Your camera is off.';
  }

  /** Gives the track away; the preview ends without stopping it. */
  take(): MediaStreamTrack | undefined {
    const track = this.#track.peek();
    this.#wanted = false;
    this.#track.value = undefined;
    return track;
  }

  /** Asked anew after each wait: meanwhile it may have been stopped. */
  #isWanted(): boolean {
    return this.#wanted;
  }
}

async function cameraPermission(): Promise<PermissionState> {
  try {
    return (await navigator.permissions.query({ name: 'camera' })).state;
  } catch {
    // Not every browser can be asked about the camera.
    return 'prompt';
  }
}
