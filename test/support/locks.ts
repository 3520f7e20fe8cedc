import type { Pool } from 'pg';

/** The connections to a database that hold a server's lock or, not granted, wait for one. */
export async function lockSessions(pool: Pool, granted = true): Promise<number[]> {
  const { rows } = await pool.query<{ pid: number }>(
    `SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND datname = current_database() AND granted = $1`,
    [granted],
  );
  return rows.map(({ pid }) => pid);
}

/** Breaks the connections that hold a server's lock. */
export async function cutLockSessions(pool: Pool): Promise<void> {
  for (const pid of await lockSessions(pool)) await pool.query('SELECT pg_terminate_backend($1)', [pid]);
}
