import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTHeaderParameters } from 'jose';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from '../clock.ts';
import { grantsOf, readClaims, type Claims } from './claims.ts';
import type { Identity, IdentityToken } from './identity.ts';
import { refused, type Keys } from './keys.ts';
import type { Revocations } from './revocations.ts';

/** How far clocks may be apart, in seconds. */
const LEEWAY = 30;

/** How long a token may be valid, in ms: 400 days. What is revoked has to be remembered for as long. */
export const MAX_LIFETIME = 400 * 24 * 60 * 60 * 1000;

/** Longest token that is read, in characters. */
const MAX_LENGTH = 8192;

const Header = Compile(
  Type.Object({ alg: Type.String(), kid: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })) }),
);

export interface AccessTokensOptions {
  keys: Keys;
  /** The `aud` that tokens must have, if any. */
  audience: string | undefined;
  revocations: Revocations;
  clock: Clock;
  /** Is told of each token that was accepted. */
  onAccepted?: (holder: TokenHolder) => void;
}

/** Somebody known by a token. */
export interface TokenHolder extends Identity {
  token: IdentityToken;
}

/** Tells by an access token who asks. */
export class AccessTokens {
  readonly #options: AccessTokensOptions;

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  /** The clock that expiry is checked against. */
  get clock(): Clock {
    return this.#options.clock;
  }

  /** Remaining lifetime of a token, leeway included, in ms; 0 once it has expired. */
  timeLeft({ expiresAt }: IdentityToken): number {
    return Math.max(0, expiresAt - this.clock.now());
  }

  /**
   * Checks a token: its signature, its times, its audience, its claims, and that it is not revoked.
   *
   * @throws {AppError} `unauthorized` saying what is wrong with it, and never what it is; `unavailable` where the keys
   *   cannot be fetched.
   */
  async identify(token: string): Promise<TokenHolder> {
    const { keys, audience, revocations, clock, onAccepted } = this.#options;
    const { header, issuer } = readUnchecked(token);
    const key = await keys.find(header, issuer);
    const { payload } = await jwtVerify(token, key, {
      algorithms: [header.alg],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: LEEWAY,
      currentDate: new Date(clock.now()),
      ...(audience === undefined ? {} : { audience }),
    }).catch((error: unknown) => {
      throw explained(error, audience);
    });
    const claims = readClaims(payload);
    if ('wrong' in claims) throw refused(claims.wrong);
    const identity = {
      userId: claims.sub,
      displayName: claims.name?.trim(),
      grants: grantsOf(claims.video),
      token: timesOf(claims, token, clock.now()),
    };
    if (revocations.covers(identity)) throw refused('it was revoked. Get a new one');
    onAccepted?.(identity);
    return identity;
  }
}

/** What a token says of its key, before anything of it is believed. */
function readUnchecked(token: string): { header: JWTHeaderParameters; issuer: unknown } {
  const malformed = () => refused('it is no signed JSON Web Token of three parts. Send it as it was made');
  if (token.length > MAX_LENGTH) throw refused(`it is longer than ${MAX_LENGTH} characters`);
  let header: unknown;
  let issuer: unknown;
  try {
    header = decodeProtectedHeader(token);
    issuer = decodeJwt(token).iss;
  } catch {
    throw malformed();
  }
  if (!Header.Check(header)) throw malformed();
  if ('crit' in header) throw refused('its header has `crit`, and no extension is known here. Leave it out');
  return { header, issuer };
}

function timesOf({ exp, iat: made, nbf, jti }: Claims, token: string, now: number): IdentityToken {
  // LiveKit's own SDKs say when it begins, some 0, and not when it was made.
  const begins = nbf !== undefined && (exp - nbf) * 1000 <= MAX_LIFETIME ? nbf : undefined;
  const iat = made ?? begins;
  const latest = now + LEEWAY * 1000;
  // Without `iat` it may be as old as tokens get.
  const issuedAt = Math.floor(iat === undefined ? exp * 1000 - MAX_LIFETIME : iat * 1000);
  if (iat !== undefined && issuedAt > latest) {
    throw refused(`it was made in the future, at ${at(iat)} (\`iat\`). Set the clock of its maker`);
  }
  if (issuedAt > latest || exp * 1000 - issuedAt > MAX_LIFETIME) {
    throw refused('it is valid for longer than 400 days. Give it an earlier `exp`');
  }
  return {
    id: jti ?? createHash('sha256').update(canonical(token)).digest('base64url'),
    issuedAt,
    expiresAt: Math.floor((exp + LEEWAY) * 1000),
  };
}

/**
 * A verified token in its canonical form. The signature can be encoded in several ways, with padding or with other unused bits at
 * its end; the revocation list would take each for another token.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-2 Base64url, without padding
 */
function canonical(token: string): string {
  const end = token.lastIndexOf('.') + 1;
  return token.slice(0, end) + Buffer.from(token.slice(end), 'base64url').toString('base64url');
}

function explained(error: unknown, audience: string | undefined): unknown {
  if (error instanceof errors.JWTExpired) {
    return refused(`it expired at ${at(error.payload.exp)}. Get a new one`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, payload } = error;
    if (claim === 'nbf' && typeof payload.nbf === 'number') {
      return refused(`it is not valid before ${at(payload.nbf)}. Wait, or set the clock of its maker`);
    }
    if (claim === 'aud') {
      return refused(`it is not for this server. Its \`aud\` must be ${JSON.stringify(audience)}`);
    }
    return refused(`its claim \`${claim}\` is ${error.reason === 'missing' ? 'missing' : 'wrong'}`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refused('its signature is wrong. Sign it with the secret or key that it names');
  }
  // A published key that is too short for its algorithm.
  if (error instanceof TypeError)
    return refused('its key is not fit for its algorithm. Sign it with another one');
  if (error instanceof errors.JOSEError) return refused('it is malformed. Send it as it was made');
  return error;
}

function at(seconds = Number.NaN): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? 'a time that no clock shows' : time.toISOString();
}
