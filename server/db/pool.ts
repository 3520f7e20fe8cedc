import pg from 'pg';
import type { BaseLogger } from 'pino';

export interface PoolOptions {
  readonly connectionString: string;
  readonly log: Pick<BaseLogger, 'debug' | 'warn'>;
  /** Connections at most. Default 10. */
  readonly max?: number;
  /** Default 2,000. */
  readonly connectTimeoutMs?: number;
  /** After this the server gives a statement up, and a second later so does the client. Default 3,000. */
  readonly statementTimeoutMs?: number;
}

/**
 * Makes a pool in which nothing waits for ever. It connects at the first query. A connection that breaks is logged and
 * replaced; it never ends the process.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const { connectionString, log, max = 10, connectTimeoutMs = 2_000, statementTimeoutMs = 3_000 } = options;
  const pool = new pg.Pool({
    connectionString,
    application_name: 'trivium',
    max,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    // Its estimates of questions by time are too high: it would compile what takes no time.
    options: '-c jit=off',
    query_timeout: statementTimeoutMs + 1_000,
    keepAlive: true,
  });
  // An error of the pool's carries its whole connection along: only the message is fit for a log.
  pool.on('error', ({ message }) => {
    if (!pool.ending) log.warn({ reason: message }, 'an idle database connection broke');
  });
  // While lent out, and after it is given back broken, a connection has no listener of the pool's: its error would end Node.
  pool.on('connect', (client) => {
    client.on('error', ({ message }) => log.debug({ reason: message }, 'a database connection broke'));
  });
  return pool;
}
