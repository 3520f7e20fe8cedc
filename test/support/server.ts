import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino, type Logger } from 'pino';
import tap, { type Test } from 'tap';
import { buildApp } from '../../server/app.ts';
import { readConfig, type Config } from '../../server/config.ts';
import { createCallQuality } from '../../server/db/call-quality.ts';
import { createCallRecords } from '../../server/db/call-records.ts';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createPool, isReady } from '../../server/db/pool.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { createStatsRecords } from '../../server/db/quality/records.ts';
import { createRevocationStore } from '../../server/db/revocations.ts';
import { createSlotLedger } from '../../server/db/slots.ts';
import { createStreamRecords } from '../../server/db/stream-records.ts';
import { listOf } from '../../server/addresses.ts';
import type { Revocations } from '../../server/identity/revocations.ts';
import { AnnouncedAddresses } from '../../server/media/announced-addresses.ts';
import { WorkerPool } from '../../server/media/worker-pool.ts';
import type { RoomRegistry } from '../../server/rooms/registry.ts';
import type { DeclaredStreams } from '../../server/streams/declared.ts';
import type { Recorder } from '../../server/stats/recorder.ts';
import type { StatsSink } from '../../server/stats/writing/stats-sink.ts';
import type { SlotAudit } from '../../server/streams/audit.ts';
import type { SlotLedger } from '../../server/streams/slot-ledger.ts';
import type { Streams } from '../../server/streams/streams.ts';
import { noLimits } from './no-limits.ts';
import { temporaryFolder, testDatabase, type TestDatabase } from './postgres.ts';

export interface TestServer {
  app: FastifyInstance;
  config: Config;
  database: TestDatabase;
  rooms: RoomRegistry;
  streams: Streams;
  revocations: Revocations;
  audit: SlotAudit;
  declared: DeclaredStreams;
  recorder: Recorder;
  ledger: SlotLedger;
  log: Logger;
  workers: WorkerPool;
  /** `http://127.0.0.1:<port>` */
  url: string;
}

export interface TestServerParts {
  database?: TestDatabase;
  clientDir?: string;
  /** What the server is given in place of the real ledger. */
  ledger?: (real: SlotLedger) => SlotLedger;
  statsSink?: StatsSink;
  /** The test breaks something: slots and forwarded videos may differ, and be mended. */
  faults?: boolean;
}

let shared: Promise<TestDatabase> | undefined;

/** One database for all servers of a test file, whose sessions do not meet. */
const sharedDatabase = (): Promise<TestDatabase> => (shared ??= testDatabase(tap));

/**
 * A server with everything real, on free ports, which is gone when the test ends. Its log is silent unless
 * TEST_LOG_LEVEL says otherwise. At the end slots and what is forwarded must be the same, and must always have been.
 */
export async function testServer(
  t: Test,
  settings: Record<string, string> = {},
  own: TestServerParts = {},
): Promise<TestServer> {
  const database = own.database ?? (await sharedDatabase());
  const log = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  const config = readConfig({ WORKERS: '2', ...noLimits, ...settings });
  const node = { nodeId: config.NODE_ID, incarnation: randomUUID() };
  await registerNode(database.pool, node);
  const workers = await WorkerPool.start({
    count: config.WORKERS,
    listenAddress: config.HOST,
    firstPort: 0,
    log,
  });
  t.teardown(() => workers.close());
  // On a busy machine what is read may take longer than it should.
  const readers = createPool({
    connectionString: database.connectionString,
    log,
    max: 3,
    statementTimeoutMs: 20_000,
  });
  t.teardown(() => readers.end());
  const announced = await AnnouncedAddresses.lookUp(listOf(config.ANNOUNCED_ADDRESS), log);
  const ledger = (own.ledger ?? ((real) => real))(
    createSlotLedger(database.pool, node, config.SLOT_LEASE_MS),
  );
  const { app, rooms, streams, revocations, audit, declared, recorder } = await buildApp({
    config,
    log,
    workers,
    announced,
    journal: createCallJournal(database.pool, node),
    records: createCallRecords(database.pool, node),
    ledger,
    streamRecords: createStreamRecords(database.pool),
    statsRecords: createStatsRecords(readers),
    statsSink: own.statsSink ?? createStatsSink(database.pool),
    callQuality: createCallQuality({ reads: readers, writes: database.pool }),
    revocationStore: createRevocationStore(database.pool),
    pools: { calls: database.pool },
    checks: { workers: () => workers.complete, database: () => isReady(database.pool, log) },
    cookieSecret: 'a secret of the tests, 32 bytes long',
    clientDir: own.clientDir ?? (await emptyClient(t)),
  });
  t.teardown(() => app.close());
  recorder.start();
  const url = await app.listen({ host: config.HOST, port: 0 });
  t.teardown(async () => {
    if (own.faults) return;
    await audit.selfCheck();
    if (streams.mended > 0)
      throw new Error(`${streams.mended} streams had to be mended, see TEST_LOG_LEVEL=warn`);
  });
  return {
    app,
    config,
    database,
    rooms,
    streams,
    revocations,
    audit,
    declared,
    recorder,
    ledger,
    log,
    workers,
    url,
  };
}

/** Waits until every sample that there is has been written. */
export async function allWritten({ writer }: Recorder): Promise<void> {
  while (writer.buffered > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

/**
 * Waits until what was being asked of the workers when everybody left has been answered, and written. Nothing is sampled
 * after that.
 */
export async function lastWritten(recorder: Recorder): Promise<void> {
  await recorder.sampler.stop();
  // Of those who are gone there is nothing more to be asked, only what is under way.
  await recorder.sampler.sample();
  await allWritten(recorder);
}

/** A stand-in for the built client: these tests need no browser. */
async function emptyClient(t: Test): Promise<string> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Trivium</title>');
  await writeFile(join(folder, 'assets', 'app-1a2b3c.js'), '');
  return folder;
}
