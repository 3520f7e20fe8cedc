import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { listOf, portRange } from './addresses.ts';
import { buildApp, type App } from './app.ts';
import { systemClock, type Clock } from './clock.ts';
import type { Config } from './config.ts';
import { createCallQuality } from './db/call-quality.ts';
import { createCallRecords } from './db/call-records.ts';
import { createCallJournal } from './db/calls.ts';
import { createErasure } from './db/erasure.ts';
import { endLostCalls, reopenCalls } from './db/lost-nodes.ts';
import { NodeLock } from './db/node-lock.ts';
import { registerNode, type Node } from './db/nodes.ts';
import { createPool } from './db/pool.ts';
import { createStatsRecords } from './db/quality/records.ts';
import { createStatsSink } from './db/quality/sink.ts';
import { createReadiness } from './db/readiness.ts';
import { createRevocationStore } from './db/revocations.ts';
import { createSlotLedger } from './db/slots.ts';
import { createStreamRecords } from './db/stream-records.ts';
import { AnnouncedAddresses } from './media/announced-addresses.ts';
import { WorkerPool } from './media/worker-pool.ts';
import type { StatsSink } from './stats/writing/stats-sink.ts';
import { Leases } from './streams/leases.ts';
import type { SlotLedger } from './streams/slot-ledger.ts';

/** Connections that write statistics and that read them, apart from those that calls wait for. */
const STATS_WRITERS = 2;
const STATS_READERS = 3;
/** Connections that delete by age and erase people. */
const RECORDS_KEEPERS = 2;

const NOT_SAFE_YET =
  'SHARED_DATABASE=on: the slots are exact over all servers, but a room is not. Everybody in a room, and every request about it, must ' +
  'reach one server; two that open the same room do not see each other. Limits by address and tabs of a user count for each server; ' +
  'revocations take 5 s to reach the others; an outage of the database ends videos. Set it for every server of this database, or ' +
  'one without it does not start again while others run. See “Several servers on one database” in docs/DEPLOY.md.';

export interface ComposeOptions {
  log: Logger;
  /** The server's hold on its NODE_ID; whoever took it gives it up. */
  nodeLock: NodeLock;
  /** Signs the guests' cookies. */
  cookieSecret: string;
  /** The folder of the built client. */
  clientDir: string;
  /** Called for each part that runs from now on, with what ends it. To be called in the opposite order. */
  onStarted: (name: string, close: () => unknown) => void;
  /** By which tokens expire and leases are renewed. */
  clock?: Clock;
  /** Takes the place of the real ledger. */
  wrapLedger?: (real: SlotLedger) => SlotLedger;
  /** Takes the place of the real sink. */
  statsSink?: StatsSink;
}

/** A server that is put together, and does not listen yet. */
export interface Composition extends App {
  announced: AnnouncedAddresses;
  node: Node;
  pools: { calls: Pool; statsWrite: Pool; statsRead: Pool; records: Pool };
  workers: WorkerPool;
  ledger: SlotLedger;
  leases: Leases;
}

/**
 * Takes hold of the server's NODE_ID, and of the right to use the database: before its schema is changed.
 *
 * @param onReplaced Called when another server has become the node: this one must stop.
 * @throws {DatabaseInUseError} where another server is alive that this one may not run beside; `PoolerError`; and what `pg` throws.
 */
export async function lockNode(
  config: Config,
  connectionString: string,
  { log, onReplaced }: { log: Logger; onReplaced: () => void },
): Promise<NodeLock> {
  const shared = config.SHARED_DATABASE === 'on';
  const lock = await NodeLock.take({
    connectionString,
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
    nodeId: config.NODE_ID,
    shared,
    log,
    onReplaced,
  });
  if (shared) log.warn(NOT_SAFE_YET);
  return lock;
}

/**
 * Makes every part of the server, in order, on a database whose schema is up to date. It starts no timers and does not
 * listen.
 *
 * @throws {AppError} `unavailable` where a worker does not start.
 */
export async function compose(
  config: Config,
  connectionString: string,
  options: ComposeOptions,
): Promise<Composition> {
  const { log, onStarted, nodeLock, clock = systemClock } = options;
  const announced = await AnnouncedAddresses.lookUp(
    listOf(`${config.ANNOUNCED_ADDRESS},${config.RELAY_ADDRESS}`),
    log,
  );

  const connect = (name: string, max?: number): Pool => {
    const pool = createPool({
      connectionString,
      log,
      ...(max !== undefined && { max }),
      connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    });
    onStarted(name, () => pool.end());
    return pool;
  };
  const pools = {
    calls: connect('database pool'),
    statsWrite: connect('database pool that writes statistics', STATS_WRITERS),
    statsRead: connect('database pool that reads statistics', STATS_READERS),
    records: connect('database pool that deletes and erases', RECORDS_KEEPERS),
  };

  const { node } = nodeLock;
  const abandoned = await registerNode(pools.calls, node);
  if (Object.values(abandoned).some((count) => count > 0)) {
    log.info(abandoned, 'closed what a former run of this server had left open');
  }

  const workers = await WorkerPool.start({
    count: config.WORKERS,
    listenAddress: config.HOST,
    firstPort: portRange(config.RTC_PORTS)?.first ?? 0,
    log,
  });
  onStarted('media workers', () => workers.close());

  const ledger = (options.wrapLedger ?? ((real) => real))(
    createSlotLedger(pools.calls, node, {
      lease: config.SLOT_LEASE_MS,
      limit: config.MAX_STREAMS_PER_USER,
    }),
  );
  const readiness = createReadiness(pools.calls, node, log, () => clock.monotonic());
  const app = await buildApp({
    config,
    log,
    workers,
    announced,
    journal: createCallJournal(pools.calls, node),
    records: createCallRecords(pools.calls, node),
    ledger,
    streamRecords: createStreamRecords(pools.calls),
    statsRecords: createStatsRecords(pools.statsRead),
    statsSink:
      options.statsSink ?? createStatsSink(pools.statsWrite, { sampleDays: config.STATS_SAMPLE_DAYS }),
    // Reports from outside may wait for each other and for samples; calls do not wait for them.
    callQuality: createCallQuality({ reads: pools.statsRead, writes: pools.statsWrite }),
    revocationStore: createRevocationStore(pools.calls),
    erasure: createErasure(pools.records),
    pools: { calls: pools.calls, stats_write: pools.statsWrite, stats_read: pools.statsRead },
    checks: { workers: () => workers.complete, database: readiness },
    cookieSecret: options.cookieSecret,
    clientDir: options.clientDir,
    clock,
  });
  onStarted('server', () => app.app.close());
  nodeLock.onRegained = async () => {
    await registerNode(pools.calls, node);
    const running = [...app.rooms.rooms].map(({ id }) => id);
    await reopenCalls(pools.calls, node, running);
  };
  const leases = new Leases({
    streams: app.streams,
    ledger,
    declared: app.declared,
    endLostCalls: async () => {
      for (const calls of await endLostCalls(pools.calls, node, config.SLOT_LEASE_MS)) {
        log.warn(calls, 'ended the calls of a server that is gone');
      }
    },
    lease: config.SLOT_LEASE_MS,
    declaredLease: config.DECLARED_LEASE_MS,
    clock,
    log,
  });
  return { ...app, announced, node, pools, workers, ledger, leases };
}
