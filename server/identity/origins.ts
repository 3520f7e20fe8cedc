import { listOf } from '../addresses.ts';
import { AppError } from '../errors.ts';
import { isProduction } from '../production.ts';
import { hostName, isLoopbackName, SHOWN_MAX, type HostSettings, type KnownHosts } from './known-hosts.ts';

/** Whose pages may use this server: its own, those of `ALLOWED_ORIGINS` and, while developing, any on the browser's own machine. */
export class Origins {
  /** Pages of any origin may. */
  readonly any: boolean;
  readonly #named: ReadonlySet<string>;
  readonly #own: string | undefined;
  readonly #loopback: boolean;
  readonly #hosts: KnownHosts;

  constructor(settings: HostSettings, hosts: KnownHosts) {
    const { PUBLIC_URL, ALLOWED_ORIGINS } = settings;
    this.#named = new Set(listOf(ALLOWED_ORIGINS));
    this.any = this.#named.has('*');
    this.#own = PUBLIC_URL === undefined ? undefined : new URL(PUBLIC_URL).origin;
    this.#loopback = !isProduction(settings);
    this.#hosts = hosts;
  }

  /** Whether pages of another origin may use this server. */
  allows(origin: string): boolean {
    return this.any || this.#named.has(origin) || (this.#loopback && isLoopbackOrigin(origin));
  }

  /**
   * Whether a page may use this server.
   *
   * @param origin As it stands in `Origin`.
   * @param host The host that its request was sent to, with the port: the page is the server's own where the two agree.
   */
  mayUse(origin: string, host: string): boolean {
    if (this.allows(origin) || origin === this.#own) return true;
    return isHttp(origin) && this.#hosts.accepts(host) && sameHost(new URL(origin), host);
  }
}

/** Why a page is refused, and what to set. @param origin Undefined where the browser did not say it. */
export function foreignOrigin(origin: string | undefined): AppError {
  const page =
    origin === undefined ? 'A page of another site' : `A page of the origin ${origin.slice(0, SHOWN_MAX)}`;
  return new AppError(
    'origin_not_allowed',
    `${page} may not use this server. Add ${origin === undefined ? 'its origin' : 'that origin'} to ALLOWED_ORIGINS if it should.`,
  );
}

const isHttp = (origin: string): boolean => /^https?:\/\//.test(origin) && URL.canParse(origin);

function isLoopbackOrigin(origin: string): boolean {
  return isHttp(origin) && isLoopbackName(hostName(new URL(origin).host) ?? '');
}

/** By the origin's scheme a port that is the default one counts as none: what ends TLS before the server may write it out. */
function sameHost({ protocol, host }: URL, requested: string): boolean {
  const url = `${protocol}//${requested}`;
  return URL.canParse(url) && new URL(url).host === host;
}
