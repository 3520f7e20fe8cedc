import { backOff } from './back-off.ts';
import { isUnreachable, SignallingError } from './errors.ts';
import { Link, type LinkOptions } from './link.ts';
import { randomId } from './random-id.ts';
import { untilOnline } from './until-online.ts';

/** Waits before the tries to join again, after the first one, in ms. */
const RETRY = { firstMs: 700, mostMs: 5_000 };

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

/** How often one asks to be let in, where no answer comes. */
const FIRST_TRIES = 3;

interface Rejoining {
  /** One has left meanwhile. */
  isOver: () => boolean;
  /** A try has failed. */
  problem: (error: unknown) => void;
}

/**
 * Joins a room. Where no answer comes it asks again: it may be the answer alone that was lost.
 *
 * @param resumeToken Of the place that was kept for the page.
 * @throws {SignallingError} what `Link.open` throws.
 */
export async function openFirst(options: LinkOptions, resumeToken: string | undefined): Promise<Link> {
  const joining = { joinId: randomId(), resumeToken };
  for (let failures = 1; ; failures += 1) {
    try {
      return await Link.open(options, joining);
    } catch (error) {
      if (!isUnreachable(error) || failures === FIRST_TRIES) throw error;
      await untilOnline(backOff(failures, RETRY));
    }
  }
}

/**
 * Joins a room again, for as long as it may succeed.
 *
 * @param resumeToken Of the place that is gone.
 * @returns undefined where it makes no sense any more.
 */
export async function openAgain(
  options: LinkOptions,
  resumeToken: string,
  { isOver, problem }: Rejoining,
): Promise<Link | undefined> {
  const joining = { joinId: randomId(), resumeToken };
  let atLeast = 0;
  for (let failures = 0; !isOver(); failures += 1) {
    if (failures > 0) await untilOnline(Math.max(backOff(failures, RETRY), atLeast));
    if (isOver()) return undefined;
    try {
      const link = await Link.open(options, joining);
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
