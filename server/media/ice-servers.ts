import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { IceServer } from '../protocol/model.ts';

export interface TurnOptions {
  /** Addresses or names of the TURN server, as browsers reach it. Without any there is no relay. */
  hosts: readonly string[];
  /** Its UDP and TCP port. */
  port: number;
  /** Its TCP port for TLS, where it has one. */
  tlsPort: number | undefined;
  /** Secrets that it shares with us; the first one signs. The others are there so that secrets can change. */
  secrets: readonly string[];
  /** Time that credentials are valid, in ms. */
  ttl: number;
}

/**
 * Where a browser finds a relay when it cannot reach us, with credentials that end by themselves. The name that the relay
 * counts by is an HMAC: it says nobody who it is, and is the same each time.
 *
 * @param countedAs Whose allocations are counted together.
 * @see https://datatracker.ietf.org/doc/html/draft-uberti-behave-turn-rest-00
 */
export function iceServersFor(countedAs: string, turn: TurnOptions, now = Date.now()): IceServer[] {
  const [secret] = turn.secrets;
  if (secret === undefined || turn.hosts.length === 0) return [];
  const user = createHmac('sha256', secret).update(countedAs).digest('base64url').slice(0, 22);
  const username = `${Math.floor((now + turn.ttl) / 1000)}:${user}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return [{ urls: turn.hosts.flatMap((host) => urlsOf(host, turn)), username, credential }];
}

/** @see https://www.rfc-editor.org/rfc/rfc7065 */
function urlsOf(name: string, { port, tlsPort }: TurnOptions): string[] {
  const host = isIPv6(name) ? `[${name}]` : name;
  const urls = [`turn:${host}:${port}?transport=udp`, `turn:${host}:${port}?transport=tcp`];
  return tlsPort === undefined ? urls : [...urls, `turns:${host}:${tlsPort}?transport=tcp`];
}
