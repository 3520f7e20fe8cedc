import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** After so long a place that is gone is forgotten, in ms. */
const LONGEST_MS = 86_400_000;

/** How many used tokens are remembered. To push one out takes as many joins. */
const REMEMBERED = 10_000;

/** Of the 32 that HMAC-SHA256 has (RFC 2104, section 5), so that a token is short. */
const SIGNATURE_BYTES = 16;

/** Whose place in which room a token is for. */
export interface SeatOwner {
  userId: string;
  roomName: string;
}

/**
 * Makes the tokens that prove that somebody had a place. They are signed with a key that outlives the server, so that those who were
 * here before a restart are recognised when they come back.
 */
export class SeatTokens {
  readonly #key: Buffer;
  readonly #now: () => number;
  readonly #used = new Set<string>();

  /**
   * @param secret From which the key is derived (HKDF, RFC 5869).
   * @param now In ms since 1970.
   */
  constructor(secret: string, now: () => number = () => Date.now()) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'trivium seat token', 32));
    this.#now = now;
  }

  /** @returns a token that nobody can guess. */
  make(owner: SeatOwner): string {
    const head = `${randomBytes(12).toString('base64url')}.${this.#now().toString(36)}`;
    return `${head}.${this.#signature(head, owner)}`;
  }

  /** Whether a token was made for this owner, by this server or one before it, a day ago at most; it is, once. */
  redeem(token: string, owner: SeatOwner): boolean {
    const [id = '', at = '', signature = ''] = token.split('.');
    const age = this.#now() - Number.parseInt(at, 36);
    if (!(age >= 0 && age <= LONGEST_MS) || this.#used.has(id)) return false;
    if (!isSame(signature, this.#signature(`${id}.${at}`, owner))) return false;
    const [oldest] = this.#used;
    if (this.#used.size >= REMEMBERED && oldest !== undefined) this.#used.delete(oldest);
    this.#used.add(id);
    return true;
  }

  #signature(head: string, { userId, roomName }: SeatOwner): string {
    const mac = createHmac('sha256', this.#key).update(JSON.stringify([head, userId, roomName]));
    return mac.digest().subarray(0, SIGNATURE_BYTES).toString('base64url');
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
