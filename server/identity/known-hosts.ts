import { isIP } from 'node:net';
import { isLoopback, listOf } from '../addresses.ts';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { checksHosts } from '../production.ts';

export type HostSettings = Pick<
  Config,
  'NODE_ENV' | 'PUBLIC_URL' | 'ANNOUNCED_ADDRESS' | 'RELAY_ADDRESS' | 'ALLOWED_ORIGINS'
>;

/** The longest part of a header that is repeated in a message, in characters: more than a DNS name can have. */
export const SHOWN_MAX = 300;

/**
 * The host names of this server. A website can give its own name this server's address (DNS rebinding): to the browser its pages
 * are then of the same origin as the server, and only the name in `Host` tells them apart. An address is no name, so a `Host`
 * that is one is always known.
 *
 * @see https://en.wikipedia.org/wiki/DNS_rebinding
 */
export class KnownHosts {
  readonly #names: ReadonlySet<string>;
  readonly #checked: boolean;

  constructor(settings: HostSettings) {
    const { PUBLIC_URL, ANNOUNCED_ADDRESS, RELAY_ADDRESS, ALLOWED_ORIGINS } = settings;
    const urls = [PUBLIC_URL ?? '', ...listOf(ALLOWED_ORIGINS)].filter((one) => URL.canParse(one));
    const hosts = [
      ...urls.map((url) => new URL(url).host),
      ...listOf(`${ANNOUNCED_ADDRESS},${RELAY_ADDRESS}`),
    ];
    this.#names = new Set(hosts.map(hostName).filter((name) => name !== undefined));
    this.#checked = checksHosts(settings);
  }

  /** @param host As it stands in `Host`, with or without a port. */
  knows(host: string): boolean {
    const name = hostName(host);
    return name !== undefined && (isIP(name) !== 0 || isLoopbackName(name) || this.#names.has(name));
  }

  /** Whether requests to a host are answered: known ones, and any where the server cannot know its names. */
  accepts(host: string): boolean {
    return !this.#checked || this.knows(host);
  }
}

/** Whether a host name is the browser's own machine. @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
export function isLoopbackName(name: string): boolean {
  return isIP(name) === 0 ? /^(.+\.)?localhost$/.test(name) : isLoopback(name);
}

/**
 * The name or address in a `Host` header, as the URL standard writes it: in small letters and ASCII, an address without brackets, a
 * name without the dot at its end. Undefined where there is none.
 */
export function hostName(host: string): string | undefined {
  const url = `http://${isIP(host) === 6 ? `[${host}]` : host}`;
  if (/[\s/?#@\\]/.test(host) || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[(.*)\]$|\.$/, '$1');
}

/** Why a request to a host is refused, and what to set. */
export function unknownHost(host: string): AppError {
  const shown = host.slice(0, SHOWN_MAX);
  return new AppError(
    'unknown_host',
    `${JSON.stringify(shown)} is not a known host name of this server. Set PUBLIC_URL to where people open it, or add http://${hostName(shown) ?? '<name>'} to ALLOWED_ORIGINS.`,
  );
}
