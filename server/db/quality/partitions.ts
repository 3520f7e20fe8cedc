import type { Pool } from 'pg';
import { alone } from '../alone.ts';

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
}

/** A part of a table, named for its first day or month: names of a table sort by time. */
export interface Partition {
  readonly table: Table;
  readonly name: string;
  readonly from: Date;
  /** Not part of it. */
  readonly to: Date;
}

/** The tables whose old rows go with the partition that they are in. */
export const partitioned = ['quality_samples', 'transport_rollups', 'room_rollups'] as const;
type Table = (typeof partitioned)[number];

type Existing = ReadonlyMap<string, ReadonlySet<string>>;

/** In ms. */
const DAY = 86_400_000;

/** Days that there are partitions for beforehand. */
const DAYS_AHEAD = 3;

/** In days. What is so much older than what is kept has no partition any more, here or with TimescaleDB. */
export const LONGEST_PARTITION = 31;

/** Who holds it makes and drops partitions. The number means nothing. */
const LOCK = 7_241_307;

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
 * Makes the partitions that are needed next, and drops those that are too old. Several servers may do it at once, and it may be
 * done again. One that fails, say because somebody has the table locked, does not keep the others from being done.
 *
 * @throws {AggregateError} of those that failed, when all have been tried.
 */
export async function keepPartitions(pool: Pool, retention: Retention): Promise<KeptPartitions> {
  const now = Date.now();
  const done = { made: new Array<string>(), dropped: new Array<string>() };
  const errors: unknown[] = [];
  const attempt = (work: () => Promise<unknown>) => work().catch((error: unknown) => void errors.push(error));

  const existing = await partitionsOf(pool);
  for (const partition of missingOf(neededSoon(now), existing)) {
    await attempt(async () => {
      await makePartition(pool, partition);
      done.made.push(partition.name);
    });
  }
  for (const [table, before] of oldestKept(retention, now)) {
    const names = existing.get(table);
    if (!names) {
      await attempt(async () => done.dropped.push(...(await dropChunks(pool, table, before))));
      continue;
    }
    for (const name of olderThan(before, table, names)) {
      await attempt(async () => {
        await alone(pool, LOCK, (client) => client.query(`DROP TABLE IF EXISTS ${name}`));
        done.dropped.push(name);
      });
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'Not all partitions could be made or dropped.');
  return done;
}

/** The names of the partitions of each table that `keepPartitions` would drop. */
export async function oldPartitions(
  pool: Pool,
  retention: Retention,
): Promise<Map<Table, readonly string[]>> {
  const existing = await partitionsOf(pool);
  const old = new Map<Table, readonly string[]>();
  for (const [table, before] of oldestKept(retention, Date.now())) {
    const names = existing.get(table);
    old.set(table, names ? olderThan(before, table, names) : await chunksBefore(pool, table, before));
  }
  return old;
}

/** When what is kept of each table begins. */
const oldestKept = ({ sampleDays, rollupDays }: Retention, now: number): [Table, Date][] =>
  partitioned.map((table) => [
    table,
    new Date(now - (table === 'quality_samples' ? sampleDays : rollupDays) * DAY),
  ]);

/** Those of the partitions that we made, all of which is older. */
const olderThan = (before: Date, table: Table, names: ReadonlySet<string>): string[] =>
  [...names].filter((name) => isOurs(table, name) && name < partitionAt(table, before).name).sort();

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
    [partitioned],
  );
  return new Map(rows.map(({ table, names }) => [table, new Set(names)]));
}

async function makePartition(pool: Pool, { table, name, from, to }: Partition): Promise<void> {
  await alone(pool, LOCK, (client) =>
    client.query(
      `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table}
       FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
    ),
  );
}

/** TimescaleDB's way to drop what is older. @returns the names of what was. */
async function dropChunks(pool: Pool, table: Table, before: Date): Promise<string[]> {
  return alone(pool, LOCK, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT drop_chunks($1::regclass, older_than => $2::timestamptz) AS name`,
      [table, before],
    );
    return rows.map(({ name }) => name);
  });
}

/** What `dropChunks` would drop. */
async function chunksBefore(pool: Pool, table: Table, before: Date): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT show_chunks($1::regclass, older_than => $2::timestamptz)::text AS name`,
    [table, before],
  );
  return rows.map(({ name }) => name);
}
