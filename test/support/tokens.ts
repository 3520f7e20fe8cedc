import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { closeCodes } from '../../server/protocol/envelope.ts';
import type { VideoGrant } from '../../server/identity/claims.ts';
import { makeToken } from '../../server/identity/make-token.ts';
import type { Peer } from './peer.ts';

export const api = { key: 'key-of-the-tests', secret: 'f3a1c97be5d2084690ac31d87b6e52f4' };

/** Settings of a server that takes the tokens made here. */
export const tokenSettings = { API_KEY: api.key, API_SECRET: api.secret };

/** A token that is good for ten minutes. */
export function tokenOf(
  userId: string,
  video: VideoGrant = { roomJoin: true },
  name?: string,
): Promise<string> {
  return makeToken({ userId, name, video, ttl: 600 }, api);
}

/** A token that is good for a minute, and the time, in ms, after which it has expired, leeway included. */
export const EXPIRED_AFTER_MS = 91_000;
export function briefToken(userId: string): Promise<string> {
  return makeToken({ userId, video: { roomJoin: true }, ttl: 60 }, api);
}

/** Any token: what is given takes the place of what would make it a good one. `undefined` leaves a claim out, null the `kid`. */
export function anyToken(
  claims: Record<string, unknown> = {},
  { alg = 'HS256', kid = api.key }: { alg?: string; kid?: string | null } = {},
  key: Parameters<SignJWT['sign']>[0] = new TextEncoder().encode(api.secret),
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ sub: 'ada', iat: now, exp: now + 600, video: { roomJoin: true }, ...claims })
    .setProtectedHeader({ alg, ...(kid === null ? {} : { kid }) })
    .sign(key);
}

/** How the server refuses a WebSocket: the HTTP status and the JSON that come in place of the upgrade. */
export async function refusedUpgrade(
  url: string,
  token?: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; body: Record<string, unknown> }> {
  const query = token === undefined ? '' : `?access_token=${encodeURIComponent(token)}`;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws${query}`, { headers });
  socket.once('open', () => socket.terminate());
  const answer = await Promise.race([
    once(socket, 'unexpected-response').then((args: unknown[]) => args[1] as IncomingMessage),
    once(socket, 'open').then(() => {
      throw new Error('the server let it in');
    }),
  ]);
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) as Record<string, unknown> };
}

/** What `GET /api/v1/validate` answers, one way or the other. */
interface Validation {
  userId: string;
  expiresAt: number;
  grants: object;
  code: string;
  detail: string;
}

/** Asks `GET /api/v1/validate`. */
export async function validate(
  url: string,
  token?: string,
): Promise<{ status: number; type: string; body: Partial<Validation> }> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/api/v1/validate`, { headers });
  const body = (await answer.json()) as Partial<Validation>;
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', body };
}

/** Waits until the server has ended a peer because of its token. @returns the reason that it gave. */
export async function tokenEnd({ socket }: Peer): Promise<string> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  if (code !== closeCodes.tokenEnded) throw new Error(`closed with ${code}: ${reason.toString()}`);
  return reason.toString();
}
