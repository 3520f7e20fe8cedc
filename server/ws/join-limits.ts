import { TokenBucket } from 'limiter';
import { AppError } from '../errors.ts';
import type { ClientAddress } from '../identity/address.ts';

/** Users and addresses from which on those that have not joined for a while are forgotten. */
const REMEMBERED = 1_000;

export interface JoinsPerMinute {
  user: number;
  address: number;
}

/** How often rooms are joined: so many times a minute by one user, and from one address. Coming back is no join. */
export class JoinLimits {
  readonly #perMinute: JoinsPerMinute;
  readonly #buckets = new Map<string, TokenBucket>();
  #forgetAt = REMEMBERED;

  constructor(perMinute: JoinsPerMinute) {
    this.#perMinute = perMinute;
  }

  /**
   * Counts a join.
   *
   * @param userId Undefined: nobody knows whose.
   * @throws {AppError} `rate_limited` with `retryAfterMs`; then it does not count.
   */
  take(userId: string | undefined, { key, bounded }: ClientAddress): void {
    const { user, address } = this.#perMinute;
    if (this.#buckets.size >= this.#forgetAt) this.#forget();
    const buckets: TokenBucket[] = [];
    if (bounded) buckets.push(this.#bucket(`address ${key}`, address));
    if (userId !== undefined) buckets.push(this.#bucket(`user ${userId}`, user));
    const retryAfterMs = Math.max(0, ...buckets.map((bucket) => bucket.getWaitTime(1)));
    if (retryAfterMs > 0) {
      const seconds = Math.ceil(retryAfterMs / 1000);
      throw new AppError('rate_limited', `Rooms are joined too often from here. Wait ${seconds} s.`, {
        retryAfterMs,
      });
    }
    for (const bucket of buckets) bucket.tryRemoveTokens(1);
  }

  #bucket(key: string, perMinute: number): TokenBucket {
    const known = this.#buckets.get(key);
    if (known) return known;
    const bucket = new TokenBucket({
      bucketSize: perMinute,
      tokensPerInterval: perMinute,
      interval: 'minute',
    });
    bucket.content = perMinute;
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** A bucket that is full again says what a new one would. */
  #forget(): void {
    for (const [key, bucket] of this.#buckets) {
      bucket.drip();
      if (bucket.content >= bucket.bucketSize) this.#buckets.delete(key);
    }
    this.#forgetAt = Math.max(REMEMBERED, this.#buckets.size * 2);
  }
}
