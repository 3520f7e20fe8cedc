import type { Pool } from 'pg';
import type { BaseLogger } from 'pino';
import { touchNode, type Node } from './nodes.ts';

/** How old an answer may be, in ms. */
const GOOD_FOR_MS = 1_000;

/**
 * Tells whether the database takes writes, which calls need: one that is read-only, or has no room left, answers questions all the
 * same. It is asked once at a time and once a second at most, however many want to know. Why it does not is logged.
 *
 * @param now A monotonic time, in ms.
 */
export function createReadiness(
  pool: Pool,
  node: Node,
  log: Pick<BaseLogger, 'warn'>,
  now: () => number,
): () => Promise<boolean> {
  let asked = -Infinity;
  let answer = Promise.resolve(false);
  let isUnderWay = false;
  const ask = async (): Promise<boolean> => {
    try {
      await touchNode(pool, node);
      return true;
    } catch (error) {
      log.warn({ err: error }, 'the database takes no writes');
      return false;
    } finally {
      isUnderWay = false;
    }
  };
  return () => {
    if (isUnderWay || now() - asked < GOOD_FOR_MS) return answer;
    asked = now();
    isUnderWay = true;
    answer = ask();
    return answer;
  };
}
