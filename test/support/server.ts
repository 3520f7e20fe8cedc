import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { compose, lockNode, type ComposeOptions, type Composition } from '../../server/compose.ts';
import { readConfig, type Config } from '../../server/config.ts';
import type { NodeLock } from '../../server/db/node-lock.ts';
import type { Recorder } from '../../server/stats/recorder.ts';
import { temporaryFolder, testDatabase, type TestDatabase } from './postgres.ts';
import file, { type Test } from './tap.ts';
import { testSettings } from './test-settings.ts';

export interface TestServer extends Composition {
  config: Config;
  nodeLock: NodeLock;
  /** The test's own connections to the server's database. */
  database: TestDatabase;
  log: Logger;
  /** `http://127.0.0.1:<port>` */
  url: string;
}

export interface TestServerParts extends Partial<
  Pick<ComposeOptions, 'log' | 'clientDir' | 'clock' | 'wrapLedger' | 'statsSink'>
> {
  database?: TestDatabase;
  /** Another server has become the node. */
  onReplaced?: () => void;
  /** The test breaks something: slots and forwarded videos may differ, and be mended. */
  faults?: boolean;
}

interface OfFile {
  readonly database: Promise<TestDatabase>;
  isUsed: boolean;
}

const databases = new WeakMap<Test, OfFile[]>();

/** A database of the test file that no other server uses until the test ends: the first one, for one server after another. */
function freeDatabase(t: Test): Promise<TestDatabase> {
  const all = databases.get(file) ?? [];
  databases.set(file, all);
  const found = all.find(({ isUsed }) => !isUsed) ?? { database: testDatabase(file), isUsed: true };
  if (!all.includes(found)) all.push(found);
  found.isUsed = true;
  t.teardown(() => (found.isUsed = false));
  return found.database;
}

/**
 * A server with everything real, on free ports, which is gone when the test ends. Its log, unless it is given, is silent as long
 * as TEST_LOG_LEVEL does not say otherwise. At the end slots and what is forwarded must be the same, and must always have been.
 */
export async function testServer(
  t: Test,
  settings: Record<string, string> = {},
  own: TestServerParts = {},
): Promise<TestServer> {
  const database = own.database ?? (await freeDatabase(t));
  const log = own.log ?? pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  const config = readConfig({ ...testSettings, ...settings });
  const nodeLock = await lockNode(config, database.connectionString, {
    log,
    onReplaced: own.onReplaced ?? (() => log.error('another server has the NODE_ID')),
  });
  t.teardown(() => nodeLock.close());
  const server = await compose(config, database.connectionString, {
    log,
    nodeLock,
    cookieSecret: 'a secret of the tests, 32 bytes long',
    clientDir: own.clientDir ?? (await emptyClient(t)),
    onStarted: (_name, close) => t.teardown(close),
    ...own,
  });
  server.recorder.start();
  server.bitrates.start();
  t.teardown(() => server.bitrates.stop());
  const url = await server.app.listen({ host: config.HOST, port: 0 });
  t.teardown(async () => {
    if (own.faults) return;
    await server.audit.selfCheck();
    if (server.streams.mended > 0)
      throw new Error(`${server.streams.mended} streams had to be mended, see TEST_LOG_LEVEL=warn`);
  });
  return { ...server, config, nodeLock, database, log, url };
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
