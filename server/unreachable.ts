/**
 * SQLSTATE classes that mean that PostgreSQL cannot serve requests now: connection failures, authentication, a missing database,
 * exhausted resources, shutdown and statement timeouts, I/O errors; and the code for a read-only database.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const CLASSES = new Set(['08', '28', '3D', '53', '57', '58']);
const CODES = new Set(['25006']);

/** System errors while connecting or connected. */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const SYSTEM_CALLS = new Set(['connect', 'getaddrinfo']);

/** Messages of pg's connection errors, which have no code. */
const OF_PG =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (was closed|has encountered a connection error)|Cannot use a pool after calling end)/;

/**
 * Whether an error means that the database cannot be reached or cannot serve requests now, so that retrying later helps. Any other
 * error of a repository is a bug.
 */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (typeof syscall === 'string' && SYSTEM_CALLS.has(syscall)) return true;
  if (typeof code !== 'string') return OF_PG.test(error.message);
  return SYSTEM_CODES.has(code) || CODES.has(code) || (code.length === 5 && CLASSES.has(code.slice(0, 2)));
}
