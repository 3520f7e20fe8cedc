import type { Grants } from '../protocol/grants.ts';

/** What the ids of guests begin with, and no token's subject. */
export const GUEST = 'guest:';

/** Who asks, and what they may do. */
export interface Identity {
  /** The key of the quota: `guest:` and random bits, or the subject of a token. */
  userId: string;
  /** For show; undefined: the client says it when it joins. */
  displayName: string | undefined;
  grants: Grants;
  /** The token that says so; undefined for a guest. */
  token: IdentityToken | undefined;
}

export interface IdentityToken {
  /** Its `jti`, or a digest of it where it has none. */
  id: string;
  /** When it was made, in ms since the epoch. */
  issuedAt: number;
  /** When it ends, leeway included, in ms since the epoch. */
  expiresAt: number;
}
