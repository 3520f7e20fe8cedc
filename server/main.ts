import { join } from 'node:path';
import type { Logger } from 'pino';
import { listOf } from './addresses.ts';
import { compose, lockNode } from './compose.ts';
import { ConfigError, keptDays, readConfig, type Config } from './config.ts';
import { defaultDataDir, makeDataDir } from './db/embedded/data-dir.ts';
import { EmbeddedPostgresError } from './db/embedded/error.ts';
import { startEmbeddedPostgres } from './db/embedded/start.ts';
import { migrate } from './db/migrate.ts';
import { touchNode } from './db/nodes.ts';
import { DatabaseInUseError, PoolerError } from './db/server-locks.ts';
import { keepPartitions } from './db/quality/partitions.ts';
import { RetentionTimer } from './db/retention-timer.ts';
import { AppError } from './errors.ts';
import { keptCookieSecret } from './identity/cookie-secret.ts';
import { createLogger } from './logger.ts';
import type { AnnouncedAddresses } from './media/announced-addresses.ts';
import { reachabilityProblem, thisHost } from './media/reachability.ts';
import { checksHosts } from './production.ts';
import { projectRoot } from './root.ts';
import { Shutdown } from './shutdown.ts';

/** Time between two signs of life of this node in the database, in ms. */
const NODE_SEEN_MS = 5_000;

/** Time between two looks at what other servers revoked, in ms. */
const REVOCATIONS_MS = 5_000;

/** Time between two looks at which days of statistics are kept, in ms. */
const PARTITIONS_MS = 3_600_000;

/** Time between two looks at the announced names, in ms. */
const NAMES_MS = 60_000;

/** Starts the database and the server, logs its address and starts the periodic tasks. */
async function start(config: Config, log: Logger, shutdown: Shutdown): Promise<void> {
  const dataDir = config.TRIVIUM_DATA_DIR ?? defaultDataDir(process.env);
  const connectionString = config.DATABASE_URL ?? (await embeddedDatabase(dataDir, log, shutdown));
  const nodeLock = await lockNode(config, connectionString, {
    log,
    onReplaced() {
      log.fatal(
        `Another server has started with NODE_ID=${config.NODE_ID} while this one could not reach the database: this one stops. Give ` +
          'each server a NODE_ID of its own.',
      );
      void shutdown.close().then(() => process.exit(1));
    },
  }).catch((error: unknown) => rethrow(error, config));
  shutdown.add('lock of the NODE_ID', () => nodeLock.close());
  await migrate({ connectionString, log }).catch((error: unknown) => rethrow(error, config));
  const server = await compose(config, connectionString, {
    log,
    nodeLock,
    cookieSecret: config.COOKIE_SECRET ?? (await keptCookieSecret(await makeDataDir(dataDir))),
    clientDir: join(projectRoot, 'dist', 'client'),
    onStarted: (name, close) => shutdown.add(name, close),
  });
  warnIfUnreachable(config, server.announced, log);
  if (!checksHosts(config)) {
    log.warn(
      'PUBLIC_URL is not set: the server answers to any host name, also to one of a website that gives it this address (DNS rebinding). ' +
        'Set PUBLIC_URL to where people open the pages.',
    );
  }

  const { node, pools, announced, audit, revocations, leases, recorder, bitrates, rooms } = server;
  const every = (ms: number, failure: string, work: () => Promise<unknown>): void => {
    const timer = setInterval(() => {
      work().catch((error: unknown) => log.warn({ err: error }, failure));
    }, ms);
    shutdown.add(`timer (${failure})`, () => clearInterval(timer));
  };
  every(NAMES_MS, 'announced names were not looked up', () => announced.refresh());
  every(NODE_SEEN_MS, 'no sign of life was recorded', async () => {
    if (!(await touchNode(pools.calls, node))) nodeLock.doubt();
  });
  every(config.AUDIT_INTERVAL_MS, 'slots were not compared', () => audit.selfCheck());
  every(REVOCATIONS_MS, 'revocations were not looked up', () => revocations.refresh());
  const days = keptDays(config);
  const keepDays = () => keepPartitions(pools.statsWrite, days);
  const notKept = 'days of statistics were not made or dropped';
  await keepDays().catch((error: unknown) => log.warn({ err: error }, notKept));
  every(PARTITIONS_MS, notKept, keepDays);
  const retention = new RetentionTimer({ pool: pools.records, days, log });
  retention.start();
  shutdown.add('deletion of old records', () => retention.stop());
  leases.start();
  shutdown.add('renewal of leases', () => leases.stop());
  recorder.start();
  bitrates.start();
  shutdown.add('bounds on bitrates', () => bitrates.stop());
  if (config.DRAIN_MS > 0) shutdown.letEnd((cut) => rooms.drain(config.DRAIN_MS, cut));

  const address = await server.app.listen({
    host: config.HOST,
    port: config.PORT,
    listenTextResolver: (each) => `listening on ${each}`,
  });
  log.info(`Trivium is ready: open ${config.PUBLIC_URL ?? address} in a browser`);
}

/** Says that the database that was asked for cannot be used, unless the error says what to do. */
function rethrow(error: unknown, config: Config): never {
  if (config.DATABASE_URL === undefined || isForOperators(error)) throw error;
  const why = error instanceof Error && error.message ? error.message : String(error);
  throw new AppError(
    'unavailable',
    `The PostgreSQL of DATABASE_URL cannot be used: ${why}. Correct it or unset it.`,
  );
}

function warnIfUnreachable(config: Config, { addresses }: AnnouncedAddresses, log: Logger): void {
  const relays = listOf(config.RELAY_ADDRESS);
  const forBrowsers = addresses.filter((address) => !relays.includes(address));
  const problem = reachabilityProblem(config.HOST, forBrowsers, thisHost());
  if (problem) log.warn({ announced: addresses }, problem);
}

async function embeddedDatabase(dataDir: string, log: Logger, shutdown: Shutdown): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  shutdown.add('embedded database', () => postgres.stop());
  return postgres.connectionString;
}

/** Whether an error's message is for whoever starts the server, and says what to do. */
function isForOperators(error: unknown): error is Error {
  return [AppError, EmbeddedPostgresError, DatabaseInUseError, PoolerError].some(
    (kind) => error instanceof kind,
  );
}

/** What a start can fail with that is no bug, told by its message alone. */
function explain(error: unknown, config: Config): string | undefined {
  if (isForOperators(error)) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'EADDRINUSE') {
    return `Port ${config.PORT} on ${config.HOST} is in use by another program. Stop that, or set PORT to a free one.`;
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return `HOST=${config.HOST} is no address of this machine. Set it to one, or to 0.0.0.0 for all.`;
  }
  if (error.code === 'EACCES') {
    return `This user may not listen on port ${config.PORT}. Set PORT to one from 1024 on.`;
  }
  return undefined;
}

let config: Config;
try {
  config = readConfig(process.env);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const log = createLogger(config.LOG_LEVEL);
const shutdown = new Shutdown(log);
shutdown.onSignals();
shutdown.onFaults();
try {
  await start(config, log, shutdown);
} catch (error) {
  log.fatal(explain(error, config) ?? { err: error });
  await shutdown.close();
  process.exit(1);
}
