import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { GUEST, type Identity, type IdentityToken } from './identity.ts';
import { MAX_LIFETIME } from './tokens.ts';

/** Tokens of a user that are valid no more. */
export interface Revocation {
  /** Or a digest of it, `sha256:` and hexadecimal digits, once the user was erased: it goes on to keep them out. */
  userId: string;
  /** The one token (`IdentityToken.id`); undefined: every token of the user that was made until then. */
  tokenId: string | undefined;
  /** The one room that it may not be used for any more; undefined: it is not valid at all. */
  roomName: string | undefined;
  revokedAt: Date;
  /** From then on no such token could be valid any more. */
  expiresAt: Date;
}

/** Keeps revocations over restarts. */
export interface RevocationStore {
  /** Those that have not expired and were made after `since`. */
  load(now: Date, since: Date): Promise<Revocation[]>;
  /** Doing it again for the same tokens moves its times forward. */
  add(revocation: Revocation): Promise<void>;
}

/** A guest who was removed from a room may come back after so many ms. */
const GUEST_BARRED_MS = 24 * 60 * 60 * 1000;

/** What begins a digest in the place of a user's id. */
const DIGEST = 'sha256:';

/** By so much the clocks of servers that share a store may differ, in ms. */
const CLOCKS_APART_MS = 60_000;

interface RevocationEvents {
  /** Something more is revoked. */
  revoked: [];
}

/** What is revoked, at hand for every request and connection. */
export class Revocations extends EventEmitter<RevocationEvents> {
  readonly #store: RevocationStore;
  /** By `digestOf` the user. */
  readonly #byUser = new Map<string, Map<string, Revocation>>();
  #loadedAt: Date | undefined;

  constructor(store: RevocationStore) {
    super();
    this.setMaxListeners(0);
    this.#store = store;
  }

  /** Learns what was revoked before or elsewhere, and forgets what has expired. */
  async refresh(): Promise<void> {
    const now = new Date();
    const since = new Date((this.#loadedAt?.getTime() ?? 0) - CLOCKS_APART_MS);
    for (const revocation of await this.#store.load(now, since)) this.#remember(revocation);
    this.#loadedAt = now;
    for (const [user, revocations] of this.#byUser) {
      for (const [key, { expiresAt }] of revocations) {
        if (expiresAt <= now) revocations.delete(key);
      }
      if (revocations.size === 0) this.#byUser.delete(user);
    }
  }

  /** Revokes, here at once. @throws whatever the store throws: then it holds until this server stops. */
  async revoke(revocation: Revocation): Promise<void> {
    this.#remember(revocation);
    await this.#store.add(revocation);
  }

  /** Whether the token that says who somebody is was revoked. */
  covers({ userId, token }: Identity): boolean {
    const revocations = token && this.#of(userId);
    if (!revocations) return false;
    const all = revocations.get(keyOf(undefined, undefined));
    const one = revocations.has(keyOf(token.id, undefined));
    return one || (all !== undefined && token.issuedAt <= all.revokedAt.getTime());
  }

  /**
   * Keeps a user out of one room, with these tokens and every one that was made until now; a guest for a day.
   *
   * @param tokenIds By a clock that is ahead, a token may have been made later than now.
   */
  async bar(userId: string, roomName: string, tokenIds: readonly string[]): Promise<void> {
    const revokedAt = new Date();
    const lifetime = userId.startsWith(GUEST) ? GUEST_BARRED_MS : MAX_LIFETIME;
    const expiresAt = new Date(revokedAt.getTime() + lifetime);
    const barred = [undefined, ...tokenIds].map((tokenId) =>
      this.revoke({ userId, tokenId, roomName, revokedAt, expiresAt }),
    );
    await Promise.all(barred);
  }

  /** Whether what lets somebody in does not do so for that room any more. */
  isBarred(
    { userId, token }: { userId: string; token: Pick<IdentityToken, 'id' | 'issuedAt'> | undefined },
    roomName: string,
  ): boolean {
    const revocations = this.#of(userId);
    const bar = revocations?.get(keyOf(undefined, roomName));
    if (!bar || bar.expiresAt <= new Date()) return false;
    if (!token || token.issuedAt <= bar.revokedAt.getTime()) return true;
    return revocations?.has(keyOf(token.id, roomName)) ?? false;
  }

  #of(userId: string): Map<string, Revocation> | undefined {
    return this.#byUser.size === 0 ? undefined : this.#byUser.get(digestOf(userId));
  }

  #remember(revocation: Revocation): void {
    const { tokenId, roomName, revokedAt } = revocation;
    const user = digestOf(revocation.userId);
    const revocations = this.#byUser.get(user) ?? new Map<string, Revocation>();
    const key = keyOf(tokenId, roomName);
    const known = revocations.get(key);
    if (known && known.revokedAt >= revokedAt) return;
    revocations.set(key, revocation);
    this.#byUser.set(user, revocations);
    this.emit('revoked');
  }
}

/** The same for the id of a user and for what is kept of it once they were erased. */
function digestOf(userId: string): string {
  return userId.startsWith(DIGEST) ? userId : `${DIGEST}${createHash('sha256').update(userId).digest('hex')}`;
}

/** What one revocation of a user is about: a token or all of them, for a room or at all. */
function keyOf(tokenId: string | undefined, roomName: string | undefined): string {
  return JSON.stringify([tokenId, roomName]);
}
