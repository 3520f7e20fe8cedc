import { EventEmitter } from 'node:events';
import type { Identity } from './identity.ts';

/** Tokens of a user that are valid no more. */
export interface Revocation {
  userId: string;
  /** The one token (`IdentityToken.id`); undefined: every token of the user that was made until then. */
  tokenId: string | undefined;
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
  dropExpired(now: Date): Promise<void>;
}

/** By so much the clocks of servers that share a store may differ, in ms. */
const CLOCKS_APART_MS = 60_000;

interface RevocationEvents {
  /** Something more is revoked. */
  revoked: [];
}

/** What is revoked, at hand for every request and connection. */
export class Revocations extends EventEmitter<RevocationEvents> {
  readonly #store: RevocationStore;
  /** By user, then by token; undefined stands for all. */
  readonly #byUser = new Map<string, Map<string | undefined, Revocation>>();

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
    for (const [userId, revocations] of this.#byUser) {
      for (const { tokenId, expiresAt } of revocations.values()) {
        if (expiresAt <= now) revocations.delete(tokenId);
      }
      if (revocations.size === 0) this.#byUser.delete(userId);
    }
    await this.#store.dropExpired(now);
  }

  /** Revokes, here at once. @throws whatever the store throws: then it holds until this server stops. */
  async revoke(revocation: Revocation): Promise<void> {
    this.#remember(revocation);
    await this.#store.add(revocation);
  }

  /** Whether the token that says who somebody is was revoked. */
  covers({ userId, token }: Identity): boolean {
    const revocations = token && this.#byUser.get(userId);
    if (!revocations) return false;
    const all = revocations.get(undefined);
    return revocations.has(token.id) || (all !== undefined && token.issuedAt <= all.revokedAt.getTime());
  }

  #remember(revocation: Revocation): void {
    const { userId, tokenId, revokedAt } = revocation;
    const revocations = this.#byUser.get(userId) ?? new Map<string | undefined, Revocation>();
    const known = revocations.get(tokenId);
    if (known && known.revokedAt >= revokedAt) return;
    revocations.set(tokenId, revocation);
    this.#byUser.set(userId, revocations);
    this.emit('revoked');
  }
}
