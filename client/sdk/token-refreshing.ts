import { tokenFrom, type TokenSource } from './access.ts';
import type { Signalling } from './signalling.ts';

/** The share of a token's time after which another one is fetched. */
const REFRESH_SHARE = 0.8;
/** Least time between two tries to have another token, in ms. */
const REFRESH_RETRY_MS = 1_000;
/** The longest that a timer can wait, in ms. */
const LONGEST_WAIT = 2 ** 31 - 1;

export interface TokenRefreshingOptions {
  token: TokenSource | undefined;
  /** The place is reached over this connection still. */
  isIn: (signalling: Signalling) => boolean;
  problem: (error: unknown) => void;
}

/** Exchanges the token of a connection for another one well before it ends, and that one again. */
export class TokenRefreshing {
  readonly #options: TokenRefreshingOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TokenRefreshingOptions) {
    this.#options = options;
  }

  /** @param left Time until the token of this connection ends, in ms; undefined: it does not. */
  within(signalling: Signalling, left: number | undefined, wait = (left ?? 0) * REFRESH_SHARE): void {
    const { token, isIn, problem } = this.#options;
    this.stop();
    if (typeof token !== 'function' || left === undefined || left <= 0) return;
    const ends = performance.now() + left;
    const refresh = async () => {
      try {
        const { expiresInMs } = await signalling.request('refreshToken', { token: await tokenFrom(token) });
        if (isIn(signalling)) this.within(signalling, expiresInMs);
      } catch (error) {
        if (!isIn(signalling)) return;
        problem(error);
        const remaining = ends - performance.now();
        this.within(signalling, remaining, Math.max(REFRESH_RETRY_MS, remaining / 2));
      }
    };
    this.#timer = setTimeout(() => void refresh(), Math.min(wait, LONGEST_WAIT));
  }

  /** No token is exchanged any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
