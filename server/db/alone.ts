import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './transaction.ts';

/** Longest wait for a lock. PostgreSQL sends its own autovacuum out of the way after 1 s. */
const LOCK_TIMEOUT = '1500ms';

/**
 * Runs work in a transaction that one server at a time is in, and that waits for no lock for long.
 *
 * @param lock The number of the advisory lock that it holds.
 */
export async function alone<T>(
  pool: Pool,
  lock: number,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, async (client) => {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [lock]);
    return work(client);
  });
}
