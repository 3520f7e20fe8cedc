import { listOf } from './addresses.ts';
import type { Config } from './config.ts';

/** Whether strangers are expected: then nothing is open that need not be. */
export function isProduction({ NODE_ENV }: Pick<Config, 'NODE_ENV'>): boolean {
  return NODE_ENV === 'production';
}

/** Whether people without a token may join. */
export function guestsMayJoin(config: Pick<Config, 'GUESTS' | 'NODE_ENV'>): boolean {
  return config.GUESTS === undefined ? !isProduction(config) : config.GUESTS === 'on';
}

/**
 * Whether the server can know by which names people reach it. In production that takes PUBLIC_URL: without it, what a proxy sends as
 * the name has to be believed.
 */
export function checksHosts(config: Pick<Config, 'NODE_ENV' | 'PUBLIC_URL'>): boolean {
  return !isProduction(config) || config.PUBLIC_URL !== undefined;
}

/** Everything that makes a configuration unfit for production, as sentences. */
export function unsafeIn(config: Config): string[] {
  const { API_SECRET, COOKIE_SECRET, JWKS_URL, TURN_SECRETS } = config;
  const secrets = [
    ['API_SECRET', API_SECRET],
    ['COOKIE_SECRET', guestsMayJoin(config) ? COOKIE_SECRET : undefined],
    ...listOf(TURN_SECRETS).map((secret) => ['TURN_SECRETS', secret] as const),
  ] as const;
  const complaints = secrets
    .filter(([, secret]) => secret !== undefined && isGuessable(secret))
    .map(([name]) => `${name}=(not shown) is an example or easy to guess. Make one by: openssl rand -hex 32`);
  if (API_SECRET === undefined && JWKS_URL === undefined) {
    complaints.unshift(
      'NODE_ENV=production needs a way to check access tokens: set API_KEY and API_SECRET, or JWKS_URL.',
    );
  }
  return complaints;
}

/** Words that stand in examples, and that a random secret does not have. */
const PLACEHOLDER = /example|secret|change.?me|dev.?key|password|trivium|default/i;
/** A random secret of 32 hexadecimal digits has fewer different ones once in 300,000 times. */
const LEAST_DIFFERENT = 9;

function isGuessable(secret: string): boolean {
  return PLACEHOLDER.test(secret) || new Set(secret).size < LEAST_DIFFERENT || /^(.{1,16})\1+$/.test(secret);
}
