import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { VideoGrant } from './claims.ts';

export interface TokenContents {
  userId: string;
  /** Shown to the others in place of what the client says. */
  name?: string | undefined;
  video: VideoGrant;
  /** Time that it is valid, in seconds. */
  ttl: number;
  audience?: string | undefined;
}

/** Makes an access token, signed by HS256 with an API key's secret. */
export function makeToken(contents: TokenContents, api: { key: string; secret: string }): Promise<string> {
  const { userId, name, video, ttl, audience } = contents;
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ ...(name === undefined ? {} : { name }), video: { ...video } })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: api.key })
    .setIssuer(api.key)
    .setSubject(userId)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + ttl);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(new TextEncoder().encode(api.secret));
}
