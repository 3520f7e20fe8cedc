import pg from 'pg';

/** What every session that holds one of the locks needs. */
export interface LockSessionOptions {
  readonly connectionString: string;
  readonly connectTimeoutMs: number;
}

/** Another server holds a lock that is needed. The message says which one, since when, and what to do. */
export class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError';
}

/** Another server holds the lock of the same NODE_ID. */
export class NodeInUseError extends DatabaseInUseError {
  /** Which of its runs is the node's present one; undefined where none has registered yet. */
  readonly incarnation: string | undefined;

  constructor(message: string, incarnation: string | undefined) {
    super(message);
    this.incarnation = incarnation;
  }
}

/** The database is reached in a way in which nothing can be locked. The message says what to do. */
export class PoolerError extends Error {
  override readonly name = 'PoolerError';
}

/** How much longer than it waits for a lock a statement may take, in ms. */
const ANSWER_MS = 5_000;
/** After this a connection that does not end is cut, in ms. */
const END_MS = 1_000;
/** SQLSTATE of a lock that was not got within `lock_timeout`. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Advisory locks belong to the whole database: their keys are made of the schema's name, too. Everything here is a bigint of SQL.
 *
 * @param id SQL for a NODE_ID.
 */
export const nodeKey = (id: string): string =>
  `hashtextextended(concat_ws('/', 'trivium', current_schema(), 'node', ${id}), 0)`;
export const DATABASE_KEY = `hashtextextended(concat_ws('/', 'trivium', current_schema(), 'servers'), 0)`;

/**
 * What a session needs that does nothing but hold locks: neither its statements nor its idling time out, and PostgreSQL takes notice
 * within 15 s when the machine at the other end is gone. A name that this version of PostgreSQL does not know is passed over.
 */
const SESSION = `
  SELECT set_config(name, value, false) FROM pg_settings JOIN (VALUES
    ('statement_timeout', '0'), ('transaction_timeout', '0'), ('idle_session_timeout', '0'),
    ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '5'),
    ('tcp_user_timeout', '15000')
  ) AS own (name, value) USING (name)`;

/**
 * Connects a session for locks, see `SESSION`. When its connection breaks, it emits `end`.
 *
 * @param waitMs How long it waits for a lock.
 * @throws {PoolerError}, and what `pg` throws where the database does not answer.
 */
export async function connectLockSession(options: LockSessionOptions, waitMs: number): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: options.connectionString,
    application_name: 'trivium-lock',
    connectionTimeoutMillis: options.connectTimeoutMs,
    query_timeout: waitMs + ANSWER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  });
  // Of a connection that breaks `end` tells as well; without a listener, this would end Node.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await refusePooler(client, options);
    await client.query(SESSION);
    await client.query(`SELECT set_config('lock_timeout', $1, false)`, [String(waitMs)]);
    return client;
  } catch (error) {
    await endSession(client);
    throw error;
  }
}

/** Ends a session, and with it its locks. */
export async function endSession(client: pg.Client): Promise<void> {
  const cut = setTimeout(() => client.connection.stream.destroy(), END_MS);
  await client.end();
  clearTimeout(cut);
}

/** Takes the lock of a NODE_ID. @throws {NodeInUseError} where another session has it for as long as is waited. */
export async function lockNode(client: pg.Client, nodeId: string): Promise<void> {
  if (await locked(client, `pg_advisory_lock(${nodeKey('$1::text')})`, [nodeId])) return;
  const holder = await nodeNamed(client, nodeId);
  const since = holder ? `, since ${holder.started_at.toISOString()}` : '';
  throw new NodeInUseError(
    `Another server runs with NODE_ID=${nodeId} on this database${since}. Stop that one; or give each server a NODE_ID of its ` +
      'own and set SHARED_DATABASE=on for all of them.',
    holder?.incarnation,
  );
}

/**
 * Says that a server uses the database. With `alone`, for an instant nobody else may: so that of two that start at the same
 * time only one finds itself alone.
 *
 * @throws {DatabaseInUseError} where another server uses it.
 */
export async function lockDatabase(client: pg.Client, nodeId: string, alone: boolean): Promise<void> {
  if (alone) await lockOutServers(client, STOP_OR_SHARE, nodeId);
  await client.query(`SELECT pg_advisory_lock_shared(${DATABASE_KEY})`);
  if (alone) await client.query(`SELECT pg_advisory_unlock(${DATABASE_KEY})`);
}

const STOP_OR_SHARE =
  'Stop it, or give this one a database of its own. Or let both use this one: set SHARED_DATABASE=on for each of them, and see ' +
  '“Several servers on one database” in docs/DEPLOY.md.';

/**
 * Keeps servers from using the database for as long as the session lasts.
 *
 * @param own The NODE_ID of who asks, if it is a server: the message names the others.
 * @throws {DatabaseInUseError} where a server uses it.
 */
export async function lockOutServers(client: pg.Client, advice: string, own?: string): Promise<void> {
  if (await locked(client, `pg_advisory_lock(${DATABASE_KEY})`)) return;
  const others = (await livingNodes(client)).filter(({ id }) => id !== own);
  const names = others.map(({ id, started_at }) => `NODE_ID=${id} since ${started_at.toISOString()}`);
  const who = names.length > 0 ? ` (${names.join(', ')})` : '';
  const server = own === undefined ? 'A server' : 'Another server';
  throw new DatabaseInUseError(`${server} uses this database${who}. ${advice}`);
}

async function locked(client: pg.Client, lock: string, values: unknown[] = []): Promise<boolean> {
  try {
    await client.query(`SELECT ${lock}`, values);
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

interface NodeRow {
  id: string;
  incarnation: string;
  started_at: Date;
}

async function nodeNamed(client: pg.Client, id: string): Promise<NodeRow | undefined> {
  return (await nodesWhere(client, 'id = $1', [id]))[0];
}

/** The servers that hold the lock of their NODE_ID. */
function livingNodes(client: pg.Client): Promise<NodeRow[]> {
  return nodesWhere(
    client,
    `EXISTS (
       SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND (classid::bigint << 32 | objid::bigint) = ${nodeKey('nodes.id')}
     )`,
  );
}

/** None where the schema is older than the table. */
async function nodesWhere(client: pg.Client, where: string, values: unknown[] = []): Promise<NodeRow[]> {
  const known = await client.query<{ known: boolean }>(`SELECT to_regclass('nodes') IS NOT NULL AS known`);
  if (known.rows[0]?.known !== true) return [];
  const text = `SELECT id, incarnation, started_at FROM nodes WHERE ${where} ORDER BY id LIMIT 10`;
  return (await client.query<NodeRow>(text, values)).rows;
}

/**
 * A pooler that gives each transaction another session, such as PgBouncer with pool_mode=transaction, loses session-level locks, or keeps
 * them for a server that is gone. It shows where two connections at once are in the same session.
 *
 * @throws {PoolerError}
 */
async function refusePooler(client: pg.Client, options: LockSessionOptions): Promise<void> {
  const session = await sessionOf(client);
  // A pooler makes up this number.
  if ('processID' in client && client.processID === session) return;
  const { connectionString, connectTimeoutMs } = options;
  const second = new pg.Client({
    connectionString,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: ANSWER_MS,
  });
  second.on('error', () => undefined);
  try {
    await second.connect();
    if ((await sessionOf(second)) !== session) return;
  } finally {
    await endSession(second);
  }
  throw new PoolerError(
    'DATABASE_URL leads to a pooler that gives each transaction another session (PgBouncer with pool_mode=transaction): no server ' +
      'can hold its lock there. Set it to the address of PostgreSQL itself.',
  );
}

async function sessionOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}
