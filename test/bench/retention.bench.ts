import { cpus } from 'node:os';
import type { Pool } from 'pg';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { startEmbeddedPostgres } from '../../server/db/embedded/start.ts';
import { migrate } from '../../server/db/migrate.ts';
import { createPool } from '../../server/db/pool.ts';
import { ageRules } from '../../server/db/retention-rules.ts';
import { deleteFrom } from '../../server/db/retention.ts';
import { temporaryFolder } from '../support/postgres.ts';
import { report } from './report.ts';

const ROWS = Number(process.env['BENCH_ROWS'] ?? 10_000_000);
/** How long each table is deleted from, in ms. */
const DURATION_MS = 60_000;
/** Over so many days the rows are spread: half of them are too old. */
const DAYS = 792;
const days = { sampleDays: 30, rollupDays: 396, recordDays: 396 };

const log = pino({ level: 'silent' });

/** When the row of a number began: the first one so many days ago, the last one now. */
const began = (n: string, of: string) => `now() - interval '${DAYS} days' * (1 - ${n} / ${of}::float8)`;
const id = (kind: string, n: string) => `md5('${kind}' || ${n})::uuid`;

/** Twenty to a session, and each watches one other. Ten sessions to a room. */
const fills = {
  rooms: `INSERT INTO rooms SELECT ${id('r', 'n')}, 'room-' || n, ${began('n', `${ROWS / 200}`)}
    FROM generate_series(1, ${ROWS / 200}) n`,
  room_sessions: `INSERT INTO room_sessions
      (id, room_id, node_id, incarnation, started_at, ended_at, version, locked, empty_ttl_ms)
    SELECT ${id('s', 'n')}, ${id('r', '((n + 9) / 10)')}, 'bench', gen_random_uuid(), at, at + interval '1 hour', 1, false, 1
    FROM (SELECT n, ${began('n', `${ROWS / 20}`)} AS at FROM generate_series(1, ${ROWS / 20}) n) _`,
  participants: `INSERT INTO participants
      (id, session_id, user_id, display_name, hidden, joined_at, left_at, leave_reason)
    SELECT ${id('p', 'n')}, ${id('s', '((n + 19) / 20)')}, 'guest:' || md5('g' || n % ${ROWS / 10}), 'Ada', false,
      at, at + interval '1 hour', 'left'
    FROM (SELECT n, ${began('n', `${ROWS}`)} AS at FROM generate_series(1, ${ROWS}) n) _`,
  streams: `INSERT INTO streams
      (id, user_id, participant_id, publisher_id, source, origin, started_at, ended_at, end_reason)
    SELECT gen_random_uuid(), 'guest:' || md5('g' || n % ${ROWS / 10}), ${id('p', 'n')}, ${id('p', '(n - 1 + 2 * (n % 2))')},
      'camera', 'sfu', at, at + interval '1 hour', 'viewer_left'
    FROM (SELECT n, ${began('n', `${ROWS}`)} AS at FROM generate_series(1, ${ROWS}) n) _`,
  slots: `INSERT INTO slots (user_id, number)
    SELECT 'guest:' || md5('g' || n / 3), n % 3 + 1 FROM generate_series(0, ${ROWS / 4 - 1}) n`,
};

/** Fills the tables, and makes their keys and indexes when they are full, which is quicker. */
async function fill(pool: Pool): Promise<void> {
  const tables = Object.keys(fills);
  // Foreign keys last.
  const { rows: keys } = await pool.query<{ table: string; name: string; definition: string }>(
    `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
     WHERE contype IN ('p', 'u', 'f') AND (conrelid = ANY($1::regclass[]) OR confrelid = ANY($1::regclass[]))
     ORDER BY contype = 'f'`,
    [tables],
  );
  for (const { table, name } of keys.toReversed())
    await pool.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  const { rows: indexes } = await pool.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = ANY($1::regclass[])`,
    [tables],
  );
  for (const { name } of indexes) await pool.query(`DROP INDEX ${name}`);
  await pool.query(`INSERT INTO nodes VALUES ('bench', gen_random_uuid(), now(), now())`);
  for (const [table, statement] of Object.entries(fills)) {
    await pool.query(statement);
    t.comment(`${table} is filled`);
  }
  for (const { table, name, definition } of keys)
    await pool.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
  for (const { definition } of indexes) await pool.query(definition);
  await pool.query('VACUUM ANALYZE');
  // Else the batches wait for the disk, which still writes what the tables were filled with.
  await pool.query('CHECKPOINT');
  t.comment('keys and indexes are made');
}

t.test('what deleting by age costs', { timeout: 7_000_000 }, async (t) => {
  const postgres = await startEmbeddedPostgres({ dataDir: await temporaryFolder(t), log });
  t.teardown(() => postgres.stop());
  const { connectionString } = postgres;
  await migrate({ connectionString, log });
  const patient = createPool({ connectionString, log, max: 1, statementTimeoutMs: 3_000_000 });
  t.teardown(() => patient.end());
  await fill(patient);
  const { rows: counts } = await patient.query<{ table: string; rows: number }>(
    `SELECT relname AS table, reltuples::float8 AS rows FROM pg_class WHERE relname = ANY($1)`,
    [Object.keys(fills)],
  );

  const pool = createPool({ connectionString, log, max: 1 });
  t.teardown(() => pool.end());
  const batches = new Map<string, { deleted: number; times: number[] }>();
  for (const rule of ageRules) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), DURATION_MS);
    await deleteFrom(pool, rule, days, {
      now: Date.now(),
      signal: stop.signal,
      onBatch: ({ table, deleted, ms }) => {
        const of = batches.get(table) ?? { deleted: 0, times: [] };
        of.deleted += deleted;
        of.times.push(ms);
        batches.set(table, of);
      },
    });
    clearTimeout(timer);
  }
  const slowest = Math.max(...[...batches.values()].flatMap(({ times }) => Math.max(...times)));
  const rows = [...batches]
    .filter(([name]) => name in fills)
    .map(([name, { deleted, times }]) => {
      times.sort((a, b) => a - b);
      const at = (share: number) => (times[Math.floor((times.length - 1) * share)] ?? NaN).toFixed(1);
      const of = counts.find((each) => each.table === name)?.rows;
      return `| ${name} | ${of ?? ''} | ${deleted} | ${times.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`;
    });
  await report(
    'retention',
    [
      '| table | rows | deleted | batches | p50, ms | p99, ms | slowest, ms |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...rows,
    ],
    `${cpus().length} cores, Node ${process.versions.node}`,
  );
  t.ok(slowest < 50, `the slowest batch: ${slowest} ms`);
});
