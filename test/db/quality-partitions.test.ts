import type { Pool } from 'pg';
import { pino } from 'pino';
import t, { type Test } from '../support/tap.ts';
import { createPool } from '../../server/db/pool.ts';
import { keepPartitions, oldPartitions } from '../../server/db/quality/partitions.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { UnwritableSamplesError } from '../../server/stats/writing/stats-sink.ts';
import { poolForMany } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';
import { countIn, mistakesIn, sampleOf, trackOf } from '../support/samples.ts';

const DAY = 86_400_000;

/** It is noon: no day, and no month, ends while this runs. */
const noon = Math.floor(Date.now() / DAY) * DAY + DAY / 2;
t.intercept(Date, 'now', { value: () => noon });

const retention = { sampleDays: 30, rollupDays: 396 };

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10).replaceAll('-', '_');

/** @param ahead Counted from this one. */
const monthOf = (ahead: number) => {
  const now = new Date(Date.now());
  return dayOf(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).slice(0, 7);
};

/** What is needed from now on. */
const expected = () =>
  [
    ...[-1, 0, 1, 2, 3].map((day) => `quality_samples_${dayOf(Date.now() + day * DAY)}`),
    ...[0, 1].flatMap((ahead) => [`transport_rollups_${monthOf(ahead)}`, `room_rollups_${monthOf(ahead)}`]),
  ].sort();

async function partitions(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'`,
  );
  return rows.map(({ name }) => name).sort();
}

const count = async (pool: Pool, table: string) => {
  const { rows } = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return rows[0]?.n;
};

/** Holds a lock until the returned function is called, or the test is over. */
async function locked(t: Test, pool: Pool, table: string): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(`LOCK ${table} IN ACCESS SHARE MODE`);
  let held = true;
  const release = async () => {
    if (!held) return;
    held = false;
    await client.query('ROLLBACK');
    client.release();
  };
  t.teardown(release);
  return release;
}

t.test('partitions are made beforehand, once, however many servers do it', async (t) => {
  const { pool, connectionString } = await testDatabase(t);
  const many = poolForMany(t, connectionString);
  const all = await Promise.all(Array.from({ length: 6 }, () => keepPartitions(many, retention)));
  t.same(await partitions(pool), expected());
  for (const { dropped } of all) t.same(dropped, []);
  t.same(await keepPartitions(pool, retention), { made: [], dropped: [] });
  t.same(await partitions(pool), expected());
});

t.test('partitions that are too old go', async (t) => {
  const { pool } = await testDatabase(t);
  const sink = createStatsSink(pool, { sampleDays: 1_000 });
  // In the middle of 15 s: a sample over the edge of a step has a rollup on either side.
  const now = Math.floor(Date.now() / 15_000) * 15_000 - 7_500;
  const long = sampleOf();
  const at = (daysAgo: number, own = sampleOf()) => ({ ...own, endedAt: now - daysAgo * DAY });
  const track = trackOf();
  await sink.write([
    at(500, long),
    at(500),
    { ...at(500, long), track },
    at(50),
    at(31),
    at(30),
    at(1, long),
  ]);
  // One that somebody else made is theirs.
  await pool.query(
    `CREATE TABLE archived_samples PARTITION OF quality_samples FOR VALUES FROM (MINVALUE) TO ('2001-01-01Z')`,
  );

  const old = await oldPartitions(pool, retention);
  const kept = await keepPartitions(pool, retention);
  t.same([...old.values()].flat().sort(), kept.dropped.sort(), 'which can be told before');
  const month = dayOf(now - 500 * DAY).slice(0, 7);
  t.same(
    kept.dropped.sort(),
    [
      ...[500, 50, 31].map((days) => `quality_samples_${dayOf(now - days * DAY)}`),
      `room_rollups_${month}`,
      `transport_rollups_${month}`,
    ].sort(),
  );
  t.equal(await count(pool, 'quality_samples'), 2, 'the day that is not all too old is whole');
  t.equal(await count(pool, 'transport_rollups'), 3 * 4, 'rollups are kept for longer');
  t.ok((await partitions(pool)).includes('archived_samples'));
});

t.test(
  'a lock that somebody holds is not waited for long, nor does it keep the rest from being done',
  async (t) => {
    const { pool, connectionString } = await testDatabase(t);
    const hasty = createPool({ connectionString, log: pino({ level: 'silent' }) });
    t.teardown(() => hasty.end());
    await keepPartitions(pool, retention);
    await pool.query(`DROP TABLE room_rollups_${monthOf(0)}, transport_rollups_${monthOf(1)}`);
    const old = `quality_samples_${dayOf(Date.now() - 40 * DAY)}`;
    await createStatsSink(pool, { sampleDays: 100 }).write([sampleOf({ endedAt: Date.now() - 40 * DAY })]);
    const release = await locked(t, pool, 'room_rollups');

    const error: unknown = await keepPartitions(hasty, retention).catch((thrown: unknown) => thrown);
    t.ok(error instanceof AggregateError);
    t.match(error, { errors: [{ message: /lock timeout/ }] });
    const meanwhile = await partitions(pool);
    t.notOk(meanwhile.includes(old), 'what is old is dropped all the same');
    t.ok(meanwhile.includes(`transport_rollups_${monthOf(1)}`), 'and others are made');
    t.notOk(meanwhile.includes(`room_rollups_${monthOf(0)}`));

    await release();
    await keepPartitions(hasty, retention);
    t.ok((await partitions(pool)).includes(`room_rollups_${monthOf(0)}`));
  },
);

t.test('partitions that are missing are made, by several servers at once', async (t) => {
  const { pool, connectionString } = await testDatabase(t);
  const sink = createStatsSink(pool, { sampleDays: 100 });
  const many = poolForMany(t, connectionString);
  const then = Math.floor(Date.now() / DAY - 40) * DAY;
  const name = `quality_samples_${dayOf(then)}`;
  t.notOk((await partitions(pool)).includes(name));
  const samples = Array.from({ length: 8 }, () => sampleOf({ endedAt: then }));
  await Promise.all(samples.map((sample) => createStatsSink(many, { sampleDays: 100 }).write([sample])));
  t.ok((await partitions(pool)).includes(name));
  t.equal(await countIn(pool, samples), 8);

  const month = name.slice('quality_samples_'.length, -'_dd'.length);
  await sink.write([sampleOf({ endedAt: then })]);
  await pool.query(`DROP TABLE ${name}, transport_rollups_${month}, room_rollups_${month}`);
  const again = sampleOf({ endedAt: then });
  await sink.write([again]);
  t.equal(await countIn(pool, [again]), 1, 'made again where it was dropped meanwhile');
  t.same(await mistakesIn(pool, [again]), []);

  const today = new Date(Date.now());
  const turn = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 2, 1);
  const across = sampleOf({ endedAt: turn + DAY / 100, intervalMs: DAY / 50 });
  await sink.write([across]);
  t.same(await mistakesIn(pool, [across]), [], 'also those of the rollups alone');
});

t.test('what is older than samples are kept makes no partition', async (t) => {
  const { pool } = await testDatabase(t);
  const before = await partitions(pool);
  const monthOld = createStatsSink(pool, { sampleDays: 30 });
  await t.rejects(monthOld.write([sampleOf({ endedAt: Date.now() - 31 * DAY })]), UnwritableSamplesError);
  t.same(await partitions(pool), before);
});
