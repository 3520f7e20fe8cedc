import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import type { Pool } from 'pg';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { migrate } from '../../server/db/migrate.ts';
import { createPool } from '../../server/db/pool.ts';
import { startEmbeddedPostgres } from '../../server/db/embedded/start.ts';
import { declaredOf, testNode } from '../support/ledger.ts';
import { temporaryFolder } from '../support/postgres.ts';
import { report } from './report.ts';

const log = pino({ level: 'silent' });
/** How long each figure is measured, in ms. */
const DURATION_MS = 5_000;
const WARM_UP_MS = 1_000;

interface Figures {
  perSecond: number;
  p50: number;
  p99: number;
}

/** Starts of streams, so many at once, each given back outside the measurement. */
async function measure(pool: Pool, atOnce: number, limited: boolean): Promise<Figures> {
  const { ledger } = await testNode(pool);
  const times: number[] = [];
  const warm = performance.now() + WARM_UP_MS;
  const end = warm + DURATION_MS;
  let measuring = 0;
  const one = async (user: string) => {
    while (performance.now() < end) {
      const stream = declaredOf(limited ? user : randomUUID());
      const began = performance.now();
      const { granted } = await ledger.acquire(stream);
      const took = performance.now() - began;
      if (began >= warm) {
        times.push(took);
        measuring += took;
      }
      if (granted && limited) await ledger.release(stream, 'stopped');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, () => one(randomUUID())));
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? NaN;
  return { perSecond: times.length / (measuring / atOnce / 1000), p50: at(0.5), p99: at(0.99) };
}

async function rows(connectionString: string, name: string): Promise<string[]> {
  await migrate({ connectionString, log });
  const pool = createPool({
    connectionString,
    log,
    max: 50,
    statementTimeoutMs: 20_000,
    connectTimeoutMs: 20_000,
  });
  const { rows: version } = await pool.query<{ server_version: string }>('SHOW server_version');
  const found: string[] = [];
  for (const known of [true, false]) {
    for (const atOnce of [1, 10, 50]) {
      const { perSecond, p50, p99 } = await measure(pool, atOnce, known);
      const who = known ? 'known' : 'new';
      found.push(
        `| ${name}, ${version[0]?.server_version.split(' ')[0] ?? ''} | ${who} | ${atOnce} | ${perSecond.toFixed(0)} | ${p50.toFixed(2)} | ${p99.toFixed(2)} |`,
      );
      t.comment(found.at(-1));
    }
  }
  await pool.end();
  return found;
}

t.test('what a slot costs', { timeout: 300_000 }, async (t) => {
  const postgres = await startEmbeddedPostgres({ dataDir: await temporaryFolder(t), log });
  t.teardown(() => postgres.stop());
  const external = process.env['BENCH_DATABASE_URL'];
  const table = [
    '| PostgreSQL | user | starts at once | starts/s | p50, ms | p99, ms |',
    '| --- | --- | --- | --- | --- | --- |',
    ...(await rows(postgres.connectionString, 'embedded')),
    ...(external ? await rows(external, 'external') : []),
  ];
  await report('limit', table, `${cpus().length} cores, Node ${process.versions.node}`);
});
