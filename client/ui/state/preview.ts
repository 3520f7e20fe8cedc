import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { MediaError, openDevice } from '../../sdk/index.ts';

const OFF = 'Your camera is off.';

/** One's own picture before one joins. The camera starts when one asks for it, never by itself. */
export class Preview {
  readonly #track = signal<MediaStreamTrack>();
  readonly #message: Signal<string>;
  #wanted = false;

  /** @param camera One wants to send it from the beginning. */
  constructor(camera: boolean) {
    this.#message = signal(camera ? 'Your camera starts when you join.' : OFF);
  }

  get track(): ReadonlySignal<MediaStreamTrack | undefined> {
    return this.#track;
  }

  /** Why there is no picture, as a sentence. */
  get message(): ReadonlySignal<string> {
    return this.#message;
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
    this.#message.value = OFF;
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
