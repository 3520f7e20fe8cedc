import { SignallingError } from './errors.ts';
import { Link, type LinkOptions } from './link.ts';

/** Waits before the tries to join again, in ms; the last one is repeated. */
const RETRY_MS = [0, 500, 1_000, 2_000, 4_000];

/** Failures after which it makes no sense to join again. */
const FINAL = new Set<SignallingError['code']>([
  'room_full',
  'room_locked',
  'user_limit',
  'unauthorized',
  'forbidden',
  'origin_not_allowed',
  'unknown_host',
  'bad_request',
]);

interface Rejoining {
  /** One has left meanwhile. */
  isOver: () => boolean;
  /** A try has failed. */
  problem: (error: unknown) => void;
}

/** Joins a room again, for as long as it may succeed. @returns undefined where it makes no sense any more. */
export async function openAgain(
  options: LinkOptions,
  { isOver, problem }: Rejoining,
): Promise<Link | undefined> {
  let atLeast = 0;
  for (let attempt = 0; !isOver(); attempt += 1) {
    const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0;
    await new Promise((resolve) => setTimeout(resolve, Math.max(wait, atLeast)));
    if (isOver()) return undefined;
    try {
      const link = await Link.open(options);
      if (!isOver()) return link;
      link.close();
    } catch (error) {
      problem(error);
      if (error instanceof SignallingError && FINAL.has(error.code)) return undefined;
      atLeast = (error instanceof SignallingError && error.detail.retryAfterMs) || 0;
    }
  }
  return undefined;
}
