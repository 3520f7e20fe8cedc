import { backOff } from './back-off.ts';
import { isPassing, type SignallingError } from './errors.ts';

/** Waits before a request that was refused for now is sent again, in ms. */
const AGAIN = { firstMs: 500, mostMs: 5_000 };

/**
 * Sends a request again for as long as the server refuses it for now (`isPassing`).
 *
 * @param isOver It is of no use any more.
 * @throws {SignallingError} any other refusal, and `unreachable`.
 */
export async function insist(ask: () => Promise<unknown>, isOver: () => boolean): Promise<void> {
  for (let refusals = 1; !isOver(); refusals += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!isPassing(error)) throw error;
      await untilAgain(refusals, error);
    }
  }
}

/** Waits before the next try, for as long as the server says at least. @param refusals How many there were, from 1. */
export function untilAgain(refusals: number, { detail }: SignallingError): Promise<void> {
  const ms = Math.max(backOff(refusals, AGAIN), detail.retryAfterMs ?? 0);
  return new Promise((resolve) => setTimeout(resolve, ms));
}
