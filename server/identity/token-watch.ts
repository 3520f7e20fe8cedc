import type { Clock, Timer } from '../clock.ts';
import type { Identity } from './identity.ts';
import type { Revocations } from './revocations.ts';

/** Tells once when a token that something rests on has ended: it has expired, or was revoked. */
export class TokenWatch {
  readonly #revocations: Revocations;
  readonly #onEnd: (why: string) => void;
  #identity: Identity;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #stopped = false;

  /** @param onEnd Is told why, in a few words. It is never called before this returns. */
  constructor(identity: Identity, revocations: Revocations, clock: Clock, onEnd: (why: string) => void) {
    this.#identity = identity;
    this.#revocations = revocations;
    this.#clock = clock;
    this.#onEnd = onEnd;
    revocations.on('revoked', this.#look);
    this.#wait();
  }

  /** Another token takes the place of the former one. */
  renew(identity: Identity): void {
    this.#identity = identity;
    this.#wait();
  }

  /** Nothing rests on it any more. Doing it again does nothing. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#revocations.off('revoked', this.#look);
  }

  #wait(): void {
    this.#timer?.cancel();
    const { token } = this.#identity;
    if (!token || this.#stopped) return;
    const left = this.#revocations.covers(this.#identity) ? 0 : token.expiresAt - this.#clock.now();
    this.#timer = this.#clock.after(left, this.#look);
  }

  readonly #look = (): void => {
    const { token } = this.#identity;
    if (!token || this.#stopped) return;
    const revoked = this.#revocations.covers(this.#identity);
    if (!revoked && token.expiresAt > this.#clock.now()) {
      this.#wait();
      return;
    }
    this.stop();
    this.#onEnd(revoked ? 'the access token was revoked' : 'the access token has expired');
  };
}
