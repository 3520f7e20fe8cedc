import { createSecretKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, errors, type CryptoKey, type JWTHeaderParameters } from 'jose';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';

export interface KeySources {
  /** Signs HS256; its name is the `kid` or `iss` of such tokens. */
  api: { key: string; secret: string } | undefined;
  /** Where the public keys for RS256 and EdDSA are. */
  jwksUrl: string | undefined;
}

type Key = KeyObject | CryptoKey;

/** The algorithms by the kind of key that they use: a public key never checks an HMAC. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'EdDSA'];
const SECRET_ALGORITHMS = ['HS256'];

/** The keys that access tokens may be signed with. */
export class Keys {
  readonly #api: { key: string; secret: KeyObject } | undefined;
  readonly #published: ReturnType<typeof createRemoteJWKSet> | undefined;
  readonly #log: Logger;

  constructor({ api, jwksUrl }: KeySources, log: Logger) {
    this.#api = api && { key: api.key, secret: createSecretKey(api.secret, 'utf8') };
    this.#published = jwksUrl === undefined ? undefined : createRemoteJWKSet(new URL(jwksUrl));
    this.#log = log;
  }

  /** What a token's `alg` may be. */
  get algorithms(): string[] {
    return [...(this.#api ? SECRET_ALGORITHMS : []), ...(this.#published ? PUBLIC_KEY_ALGORITHMS : [])];
  }

  /**
   * The key that a token names.
   *
   * @param issuer Its `iss`, which names the API key where there is no `kid`.
   * @throws {AppError} `unauthorized` for an unknown key or algorithm, `unavailable` where the published keys cannot be
   *   fetched.
   */
  async find(header: JWTHeaderParameters, issuer: unknown): Promise<Key> {
    if (this.#api && SECRET_ALGORITHMS.includes(header.alg)) {
      if ((header.kid ?? issuer) === this.#api.key) return this.#api.secret;
      throw refused('it names a key that is not known here. `kid`, or else `iss`, must be the API_KEY');
    }
    if (this.#published && PUBLIC_KEY_ALGORITHMS.includes(header.alg)) {
      return this.#findPublished(this.#published, header);
    }
    const accepted = this.algorithms.join(' or ');
    if (!accepted) throw refused('this server takes none, having neither API_KEY nor JWKS_URL. Leave it out');
    throw refused(`its algorithm is not accepted. Sign it with ${accepted}`);
  }

  async #findPublished(
    published: ReturnType<typeof createRemoteJWKSet>,
    header: JWTHeaderParameters,
  ): Promise<Key> {
    try {
      return await published(header);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) {
        throw refused('JWKS_URL has no key with its `kid` for its algorithm. Sign it with a published key');
      }
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        throw refused('JWKS_URL has several keys that fit. Name the one that signed it by `kid`');
      }
      this.#log.error({ err: error }, 'the public keys of JWKS_URL cannot be had');
      throw new AppError(
        'unavailable',
        'The keys that tokens are checked with cannot be had now. Try again soon.',
      );
    }
  }
}

/** @param why The end of a sentence, and maybe another sentence; without the last full stop. */
export function refused(why: string): AppError {
  return new AppError('unauthorized', `The access token is not accepted: ${why}.`);
}
