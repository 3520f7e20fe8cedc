import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { listOf, portRange } from './addresses.ts';
import { buildApp } from './app.ts';
import { ConfigError, readConfig, type Config } from './config.ts';
import { createCallQuality } from './db/call-quality.ts';
import { createCallRecords } from './db/call-records.ts';
import { createCallJournal } from './db/calls.ts';
import { defaultDataDir, makeDataDir } from './db/embedded/data-dir.ts';
import { EmbeddedPostgresError } from './db/embedded/error.ts';
import { startEmbeddedPostgres } from './db/embedded/start.ts';
import { migrate } from './db/migrate.ts';
import { registerNode, touchNode } from './db/nodes.ts';
import { createPool, isReady } from './db/pool.ts';
import { keepPartitions } from './db/quality/partitions.ts';
import { createStatsSink } from './db/quality/sink.ts';
import { createStatsRecords } from './db/quality/records.ts';
import { createRevocationStore } from './db/revocations.ts';
import { createSlotLedger } from './db/slots.ts';
import { createStreamRecords } from './db/stream-records.ts';
import { AppError } from './errors.ts';
import { keptCookieSecret } from './identity/cookie-secret.ts';
import { createLogger } from './logger.ts';
import { AnnouncedAddresses } from './media/announced-addresses.ts';
import { reachabilityProblem, thisHost } from './media/reachability.ts';
import { WorkerPool } from './media/worker-pool.ts';
import { projectRoot } from './root.ts';
import { Shutdown } from './shutdown.ts';
import { Leases } from './streams/leases.ts';

/** Time between two signs of life of this node in the database, in ms. */
const NODE_SEEN_MS = 5_000;

/** Time between two looks at what other servers revoked, in ms. */
const REVOCATIONS_MS = 5_000;

/** Time between two looks at which days of statistics are kept, in ms. */
const PARTITIONS_MS = 3_600_000;

/** Connections for writing statistics, and for reading them, apart from those that calls wait for. */
const STATS_WRITERS = 2;
const STATS_READERS = 3;

/** Time between two looks at the announced names, in ms. */
const NAMES_MS = 60_000;

/** Starts every part of the server, each noted for the way back, and says where it is. */
async function start(config: Config, log: Logger, shutdown: Shutdown): Promise<void> {
  const announced = await AnnouncedAddresses.lookUp(
    listOf(`${config.ANNOUNCED_ADDRESS},${config.RELAY_ADDRESS}`),
    log,
  );
  const forBrowsers = announced.addresses.filter(
    (address) => !listOf(config.RELAY_ADDRESS).includes(address),
  );
  const unreachable = reachabilityProblem(config.HOST, forBrowsers, thisHost());
  if (unreachable) log.warn({ announced: announced.addresses }, unreachable);
  const names = every(NAMES_MS, 'announced names were not looked up', log, () => announced.refresh());
  shutdown.add('announced names', () => clearInterval(names));

  const dataDir = config.TRIVIUM_DATA_DIR ?? defaultDataDir(process.env);
  const connectionString = config.DATABASE_URL ?? (await embeddedDatabase(dataDir, log, shutdown));
  await migrate({ connectionString, log }).catch((cause: unknown) => {
    if (config.DATABASE_URL === undefined) throw cause;
    const why = cause instanceof Error && cause.message ? cause.message : String(cause);
    throw new AppError(
      'unavailable',
      `The PostgreSQL of DATABASE_URL cannot be used: ${why}. Correct it or unset it.`,
    );
  });
  const database = createPool({ connectionString, log });
  shutdown.add('database pool', () => database.end());
  const statsDatabase = createPool({ connectionString, log, max: STATS_WRITERS });
  shutdown.add('database pool of statistics', () => statsDatabase.end());
  const statsReaders = createPool({ connectionString, log, max: STATS_READERS });
  shutdown.add('database pool of those who read statistics', () => statsReaders.end());
  const node = { nodeId: config.NODE_ID, incarnation: randomUUID() };
  const abandoned = await registerNode(database, node);
  if (Object.values(abandoned).some((count) => count > 0)) {
    log.info(abandoned, 'closed what a former run of this server had left open');
  }
  const alive = every(NODE_SEEN_MS, 'no sign of life was recorded', log, async () => {
    if (await touchNode(database, node)) return;
    log.error(`another server has started with NODE_ID=${node.nodeId}: give each its own`);
  });
  shutdown.add('signs of life', () => clearInterval(alive));

  const workers = await WorkerPool.start({
    count: config.WORKERS,
    listenAddress: config.HOST,
    firstPort: portRange(config.RTC_PORTS)?.first ?? 0,
    log,
  });
  shutdown.add('media workers', () => workers.close());
  const days = { sampleDays: config.STATS_SAMPLE_DAYS, rollupDays: config.STATS_ROLLUP_DAYS };
  const ledger = createSlotLedger(database, node, config.SLOT_LEASE_MS);
  const { app, rooms, streams, revocations, audit, declared, recorder } = await buildApp({
    config,
    log,
    workers,
    announced,
    journal: createCallJournal(database, node),
    records: createCallRecords(database, node),
    ledger,
    streamRecords: createStreamRecords(database),
    statsRecords: createStatsRecords(statsReaders),
    statsSink: createStatsSink(statsDatabase, days),
    // Reports from outside may wait for each other and for samples; calls do not wait for them.
    callQuality: createCallQuality({ reads: statsReaders, writes: statsDatabase }),
    revocationStore: createRevocationStore(database),
    pools: { calls: database, stats_write: statsDatabase, stats_read: statsReaders },
    checks: { workers: () => workers.complete, database: () => isReady(database, log) },
    cookieSecret: config.COOKIE_SECRET ?? (await keptCookieSecret(await makeDataDir(dataDir))),
    clientDir: join(projectRoot, 'dist', 'client'),
  });
  const leases = new Leases({
    streams,
    ledger,
    declared,
    lease: config.SLOT_LEASE_MS,
    declaredLease: config.DECLARED_LEASE_MS,
    log,
  });
  leases.start();
  shutdown.add('renewal of leases', () => leases.stop());
  const checking = every(config.AUDIT_INTERVAL_MS, 'slots were not compared', log, () => audit.selfCheck());
  shutdown.add('self-check', () => clearInterval(checking));
  const revoked = every(REVOCATIONS_MS, 'revocations were not looked up', log, () => revocations.refresh());
  shutdown.add('revocations', () => clearInterval(revoked));
  const keepDays = () => keepPartitions(statsDatabase, days);
  const notKept = 'days of statistics were not made or dropped';
  await keepDays().catch((error: unknown) => log.warn({ err: error }, notKept));
  const keeping = every(PARTITIONS_MS, notKept, log, keepDays);
  shutdown.add('days of statistics', () => clearInterval(keeping));
  recorder.start();
  shutdown.add('server', () => app.close());
  if (config.DRAIN_MS > 0) shutdown.letEnd((cut) => rooms.drain(config.DRAIN_MS, cut));
  const address = await app.listen({
    host: config.HOST,
    port: config.PORT,
    listenTextResolver: (each) => `listening on ${each}`,
  });
  log.info(`Trivium is ready: open ${config.PUBLIC_URL ?? address} in a browser`);
}

async function embeddedDatabase(dataDir: string, log: Logger, shutdown: Shutdown): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  shutdown.add('embedded database', () => postgres.stop());
  return postgres.connectionString;
}

/** Does something again and again; a failure is logged and ends nothing. */
function every(ms: number, failure: string, log: Logger, work: () => Promise<unknown>): NodeJS.Timeout {
  return setInterval(() => {
    work().catch((error: unknown) => log.warn({ err: error }, failure));
  }, ms);
}

/** What a start can fail with that is no bug, told by its message alone. */
function explain(error: unknown, config: Config): string | undefined {
  if (error instanceof AppError || error instanceof EmbeddedPostgresError) return error.message;
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
try {
  await start(config, log, shutdown);
} catch (error) {
  log.fatal(explain(error, config) ?? { err: error });
  await shutdown.close();
  process.exit(1);
}
