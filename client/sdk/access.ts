import type { ErrorCode } from '../../server/protocol/errors.ts';
import { SignallingError } from './errors.ts';

/** An access token, or what fetches a fresh one: it is called for each connection, and again before one expires. */
export type TokenSource = string | (() => Promise<string>);

/** Time that fetching a token may take, in ms. */
const TOKEN_MS = 10_000;

/** Time that asking for the reason of a refusal may take, in ms. */
const REASON_MS = 5_000;

/** The signalling's address with the token in it: a browser's WebSocket can send it in no other way. */
export async function withToken(url: string, source: TokenSource | undefined): Promise<string> {
  if (source === undefined) return url;
  const address = new URL(url);
  address.searchParams.set('access_token', await tokenFrom(source));
  return address.href;
}

/** @throws {SignallingError} `unreachable` where it cannot be fetched now: it may be the network that is away. */
export async function tokenFrom(source: TokenSource): Promise<string> {
  if (typeof source === 'string') return source;
  try {
    return await within(TOKEN_MS, source());
  } catch (error) {
    if (error instanceof SignallingError) throw error;
    throw new SignallingError('unreachable', `The access token could not be fetched: ${String(error)}`);
  }
}

/** @throws Error where it takes longer than so many ms. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Why a WebSocket could not be opened, which browsers do not tell: the server is asked over HTTP.
 *
 * @param address The signalling's, with the token in it.
 */
export async function whyRefused(address: string): Promise<SignallingError> {
  const unreachable = new SignallingError('unreachable', 'The server cannot be reached.');
  try {
    const signalling = new URL(address.replace(/^ws/, 'http'));
    const validate = new URL('api/v1/validate', signalling);
    validate.search = signalling.search;
    const answer = await fetch(validate, { signal: AbortSignal.timeout(REASON_MS) });
    if (answer.ok) return unreachable;
    const problem: unknown = await answer.json();
    if (!isProblem(problem)) return unreachable;
    const { code, detail, retryAfterMs } = problem;
    return new SignallingError(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
  } catch {
    // It does not answer, or may not be asked from this page.
    return unreachable;
  }
}

function isProblem(value: unknown): value is { code: ErrorCode; detail: string; retryAfterMs?: number } {
  if (typeof value !== 'object' || value === null || !('code' in value && 'detail' in value)) return false;
  if ('retryAfterMs' in value && typeof value.retryAfterMs !== 'number') return false;
  return typeof value.code === 'string' && typeof value.detail === 'string';
}
