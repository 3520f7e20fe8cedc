import type { Pool } from 'pg';
import type { BaseLogger } from 'pino';
import { touchNode, type Node } from './nodes.ts';

/** Cache lifetime of a result, in ms. */
const GOOD_FOR_MS = 1_000;

/**
 * Tells whether the database accepts writes, which calls need: a read-only or full database still answers queries. Concurrent
 * callers share one write, and its result is cached for a second. Failures are logged.
 *
 * @param now Monotonic time, in ms.
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
