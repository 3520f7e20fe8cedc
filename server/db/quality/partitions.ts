import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../transaction.ts';

/** How many whole days samples and their rollups are kept at least; a partition is dropped once all of it is older. */
export interface Retention {
  readonly sampleDays: number;
  readonly rollupDays: number;
}

/** What was changed, for the log. */
export interface KeptPartitions {
  /** By their names. */
  readonly made: string[];
  readonly dropped: string[];
  /** How many transports were deleted, and reports of the older call-quality app's clients. */
  readonly transports: number;
  readonly reports: number;
}

/** A part of a table, named for its first day or month: names of a table sort by time. */
export interface Partition {
  readonly table: Table;
  readonly name: string;
  readonly from: Date;
  /** Not part of it. */
  readonly to: Date;
}

const tables = ['quality_samples', 'transport_rollups', 'room_rollups'] as const;
type Table = (typeof tables)[number];

type Existing = ReadonlyMap<string, ReadonlySet<string>>;

/** In ms. */
const DAY = 86_400_000;

/** Days that there are partitions for beforehand. */
const DAYS_AHEAD = 3;

/** In days. What is so much older than what is kept has no partition any more, here or with TimescaleDB. */
const LONGEST_PARTITION = 31;

/**
 * Making and dropping a partition lock its table, and whoever wants to read waits behind: not for long. PostgreSQL sends its
 * own autovacuum out of the way after 1 s.
 */
const LOCK_TIMEOUT = '1500ms';

/** Who holds it makes and drops partitions. The number means nothing. */
const LOCK = 7_241_307;

/** Deleted at once, so that no statement takes long. */
const ROWS_AT_ONCE = 1_000;

/** The partition that a row of this time is in: a day of samples, a month of rollups. */
export function partitionAt(table: Table, at: Date): Partition {
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const daily = table === 'quality_samples';
  const from = new Date(Date.UTC(year, month, daily ? day : 1));
  const to = new Date(daily ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1));
  const date = from.toISOString().slice(0, daily ? 10 : 7);
  return { table, name: `${table}_${date.replaceAll('-', '_')}`, from, to };
}

/**
 * Makes those of these partitions that are missing; where TimescaleDB does that, none. Several servers may do it at once.
 *
 * @returns the names of those that were made.
 */
export async function makePartitions(pool: Pool, partitions: readonly Partition[]): Promise<string[]> {
  const missing = missingOf(partitions, await partitionsOf(pool));
  for (const partition of missing) await makePartition(pool, partition);
  return missing.map(({ name }) => name);
}

/**
 * Makes the partitions that are needed next, drops those that are too old, and forgets transports of which nothing is left, and
 * reports that are as old as dropped samples. Several servers may do it at once, and it may be done again. One that fails, say
 * because somebody has the table locked, does not keep the others from being done.
 *
 * @throws {AggregateError} of those that failed, when all have been tried.
 */
export async function keepPartitions(pool: Pool, retention: Retention): Promise<KeptPartitions> {
  const now = Date.now();
  const kept = {
    quality_samples: new Date(now - retention.sampleDays * DAY),
    transport_rollups: new Date(now - retention.rollupDays * DAY),
    room_rollups: new Date(now - retention.rollupDays * DAY),
  };
  const done = { made: new Array<string>(), dropped: new Array<string>(), transports: 0, reports: 0 };
  const errors: unknown[] = [];
  const attempt = (work: () => Promise<unknown>) => work().catch((error: unknown) => void errors.push(error));

  const existing = await partitionsOf(pool);
  for (const partition of missingOf(neededSoon(now), existing)) {
    await attempt(async () => {
      await makePartition(pool, partition);
      done.made.push(partition.name);
    });
  }
  for (const table of tables) {
    const names = existing.get(table);
    if (!names) {
      await attempt(async () => done.dropped.push(...(await dropChunks(pool, table, kept[table]))));
      continue;
    }
    const oldest = partitionAt(table, kept[table]).name;
    for (const name of [...names].filter((each) => isOurs(table, each) && each < oldest).sort()) {
      await attempt(async () => {
        await alone(pool, (client) => client.query(`DROP TABLE IF EXISTS ${name}`));
        done.dropped.push(name);
      });
    }
  }
  const oldest = now - (Math.max(retention.sampleDays, retention.rollupDays) + LONGEST_PARTITION) * DAY;
  await attempt(async () => (done.transports = await deleteTransports(pool, new Date(oldest))));
  await attempt(async () => (done.reports = await deleteReports(pool, kept.quality_samples)));
  if (errors.length > 0) throw new AggregateError(errors, 'Not all partitions could be made or dropped.');
  return done;
}

function neededSoon(now: number): Partition[] {
  const days = Array.from({ length: DAYS_AHEAD + 2 }, (_, day) => new Date(now + (day - 1) * DAY));
  const thisMonth = new Date(now);
  const nextMonth = partitionAt('room_rollups', thisMonth).to;
  return [
    ...days.map((day) => partitionAt('quality_samples', day)),
    ...[thisMonth, nextMonth].flatMap((month) => [
      partitionAt('transport_rollups', month),
      partitionAt('room_rollups', month),
    ]),
  ];
}

/** Whether a partition was named by us; whatever else somebody attached is theirs to drop. */
const isOurs = (table: Table, name: string) =>
  name.startsWith(`${table}_`) && /^\d{4}_\d\d(_\d\d)?$/.test(name.slice(table.length + 1));

const missingOf = (partitions: readonly Partition[], existing: Existing): Partition[] =>
  partitions.filter(({ table, name }) => existing.get(table)?.has(name) === false);

/** The names of the partitions of each table that has any to make; TimescaleDB's tables are not among them. */
async function partitionsOf(pool: Pool): Promise<Existing> {
  const { rows } = await pool.query<{ table: string; names: string[] }>(
    `SELECT t.relname AS table, array_remove(array_agg(p.relname::text), NULL) AS names
     FROM pg_class t LEFT JOIN pg_inherits i ON i.inhparent = t.oid LEFT JOIN pg_class p ON p.oid = i.inhrelid
     WHERE t.oid = ANY($1::regclass[]) AND t.relkind = 'p' GROUP BY t.oid, t.relname`,
    [tables],
  );
  return new Map(rows.map(({ table, names }) => [table, new Set(names)]));
}

async function makePartition(pool: Pool, { table, name, from, to }: Partition): Promise<void> {
  await alone(pool, (client) =>
    client.query(
      `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table}
       FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
    ),
  );
}

/** TimescaleDB's way to drop what is older. @returns the names of what was. */
async function dropChunks(pool: Pool, table: Table, before: Date): Promise<string[]> {
  return alone(pool, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT drop_chunks($1::regclass, older_than => $2::timestamptz) AS name`,
      [table, before],
    );
    return rows.map(({ name }) => name);
  });
}

/**
 * Those that began before, and of which there is no rollup any more; their tracks go with them. Where there is one, the transport
 * went on for long, as few do.
 */
const deleteTransports = (pool: Pool, before: Date): Promise<number> =>
  deleteBefore(
    pool,
    `DELETE FROM transports WHERE id IN (
       SELECT id FROM transports t
       WHERE first_sample_at < $1 AND NOT EXISTS (SELECT FROM transport_rollups WHERE transport_id = t.id)
       ORDER BY first_sample_at LIMIT $2
     )`,
    before,
  );

const deleteReports = (pool: Pool, before: Date): Promise<number> =>
  deleteBefore(
    pool,
    `DELETE FROM call_quality_reports WHERE id IN (
       SELECT id FROM call_quality_reports WHERE measured_at < $1 ORDER BY measured_at LIMIT $2
     )`,
    before,
  );

/** @param statement Deletes what was before `$1`, at most `$2` of it. */
async function deleteBefore(pool: Pool, statement: string, before: Date): Promise<number> {
  let deleted = 0;
  for (let last = ROWS_AT_ONCE; last === ROWS_AT_ONCE; deleted += last) {
    const { rowCount } = await alone(pool, (client) => client.query(statement, [before, ROWS_AT_ONCE]));
    last = rowCount ?? 0;
  }
  return deleted;
}

/** What one server at a time does, in a transaction that waits for no lock for long. */
async function alone<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return inTransaction(pool, async (client) => {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    return work(client);
  });
}
