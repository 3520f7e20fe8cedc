import type { Pool } from 'pg';
import { alone } from './alone.ts';
import { ageRules, type AgeRule, type KeptDays } from './retention-rules.ts';

/** What a run deleted. */
export interface Deleted {
  /** Rows, by table: those of which there were any. */
  readonly rows: Readonly<Record<string, number>>;
  readonly batches: number;
  /** How long the longest batch held its locks and its connection, in ms. */
  readonly slowestMs: number;
}

/** What a run would delete of a table. */
export interface WouldGo {
  readonly table: string;
  readonly rows: number;
  /** What is older goes. */
  readonly before: Date;
  /** Of the oldest row of them, where rows have a time. */
  readonly oldest: Date | undefined;
}

export interface DeleteOptions {
  readonly now: number;
  /** Ends the run after the batch that is under way. */
  readonly signal: AbortSignal;
}

/** What one transaction did. */
export interface Batch {
  readonly table: string;
  readonly deleted: number;
  readonly ms: number;
}

/** Who holds it deletes. The number means nothing. */
const LOCK = 7_241_308;

/** The target duration of a batch, in ms. The bound is 50 ms; some batches take four times as long as the one before. */
const TARGET_MS = 10;

/**
 * Rows that a batch looks at, least and most: it begins with the least, and each batch shows how many fit into the target's time.
 * With fewer, what a transaction costs on a busy machine would count for more than its rows.
 */
const [LEAST_ROWS, MOST_ROWS] = [50, 1_000];

/** Time between two batches, at least, in ms; else as long as the last one took. */
const PAUSE_MS = 10;

/**
 * Every lookup is by an index, whatever the planner thinks of a table of which it has no statistics yet. A commit that a crash
 * loses is made again.
 */
const PLANS = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'synchronous_commit']
  .map((name) => `SET LOCAL ${name} = off`)
  .join(';');

/** Where a batch ended, as text: the columns of the rule's order. */
type Position = readonly string[];

/**
 * Deletes what is too old, table by table, in small batches with pauses between them. Several servers may do it at once: they
 * take turns. It may be done again, and ended at any time.
 *
 * @throws {AggregateError} of the tables that failed, when all have been tried.
 */
export async function deleteOld(pool: Pool, days: KeptDays, options: DeleteOptions): Promise<Deleted> {
  const rows: Record<string, number> = {};
  const errors: unknown[] = [];
  let [batches, slowestMs] = [0, 0];
  const onBatch = ({ table, deleted, ms }: Batch) => {
    batches += 1;
    slowestMs = Math.max(slowestMs, Math.round(ms));
    if (deleted > 0) rows[table] = (rows[table] ?? 0) + deleted;
  };
  for (const rule of ageRules) {
    await deleteFrom(pool, rule, days, { ...options, onBatch }).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw new AggregateError(errors, 'Not everything that is too old could be deleted.');
  return { rows, batches, slowestMs };
}

/** Deletes what is too old of one table. */
export async function deleteFrom(
  pool: Pool,
  rule: AgeRule,
  days: KeptDays,
  { now, signal, onBatch }: DeleteOptions & { onBatch: (batch: Batch) => void },
): Promise<void> {
  const before = new Date(rule.before(days, now));
  let after: Position | undefined;
  let looked = LEAST_ROWS;
  while (!signal.aborted) {
    const { deleted, upTo, started } = await deleteBatch(pool, rule, { before, after, looked });
    const ms = performance.now() - started;
    onBatch({ table: rule.table, deleted, ms });
    if (!upTo) return;
    after = upTo;
    looked = nextSize(looked, ms);
    await pause(Math.max(PAUSE_MS, ms), signal);
  }
}

/** What `deleteOld` would delete now. It reads as much as there is. */
export async function countOld(pool: Pool, days: KeptDays, now: number): Promise<WouldGo[]> {
  const counts: WouldGo[] = [];
  for (const rule of ageRules) {
    const before = new Date(rule.before(days, now));
    const { rows } = await pool.query<{ rows: number; oldest: Date | null }>(
      `SELECT count(*)::float8 AS rows, ${rule.age ? `min(r.${rule.age})` : 'NULL::timestamptz'} AS oldest
       FROM ${rule.table} r WHERE ${isOld(rule)} ${no(rule.stays)}`,
      [before],
    );
    counts.push({
      table: rule.table,
      rows: rows[0]?.rows ?? 0,
      before,
      oldest: rows[0]?.oldest ?? undefined,
    });
  }
  return counts;
}

/**
 * Deletes among so many rows in their order, after a position. Rows that somebody else has locked are left for another time; those
 * that it has locked itself are looked at again, since somebody may have referred to one meanwhile.
 */
async function deleteBatch(
  pool: Pool,
  rule: AgeRule,
  { before, after, looked }: { before: Date; after: Position | undefined; looked: number },
): Promise<{ deleted: number; upTo: Position | undefined; started: number }> {
  const { table } = rule;
  const order = orderOf(rule);
  const columns = order.map(([name]) => `r.${name}`).join();
  /** `(columns) > ($first, ...)`, as far as there is a position. */
  const beyond = (sign: '>' | '<=', position: Position | undefined, first: number) => {
    const values = order.map(([, type], n) => `$${first + n}::${type}`);
    return position ? `AND (${columns}) ${sign} (${values.join()})` : '';
  };
  const went = `${isOld(rule)} ${no(rule.stays)} ${no(rule.waits)}`;
  return alone(pool, LOCK, async (client) => {
    // What it waited for other servers' turns is not the batch's time.
    const started = performance.now();
    await client.query(PLANS);
    const { rows: ends } = await client.query<string[]>({
      text: `SELECT ${order.map(([name]) => `r.${name}::text`).join()} FROM ${table} r
        WHERE ${isOld(rule)} ${beyond('>', after, 3)} ORDER BY ${columns} OFFSET $2 LIMIT 1`,
      values: [before, looked - 1, ...(after ?? [])],
      rowMode: 'array',
    });
    const [upTo] = ends;
    const { rows: locked } = await client.query<{ place: string }>(
      `SELECT r.ctid::text AS place FROM ${table} r
       WHERE ${went} ${beyond('>', after, 2)} ${beyond('<=', upTo, 2 + (after?.length ?? 0))}
       ORDER BY ${columns} FOR UPDATE OF r SKIP LOCKED`,
      [before, ...(after ?? []), ...(upTo ?? [])],
    );
    if (locked.length === 0) return { deleted: 0, upTo, started };
    const { rowCount } = await client.query(
      `DELETE FROM ${table} r WHERE r.ctid = ANY($2::tid[]) AND ${went}`,
      [before, locked.map(({ place }) => place)],
    );
    return { deleted: rowCount ?? 0, upTo, started };
  });
}

/** The columns that rows are in the order of, and their types. */
const orderOf = ({ age, key }: AgeRule): [string, string][] =>
  Object.entries(age === undefined ? key : { [age]: 'timestamptz', ...key });

const isOld = ({ age }: AgeRule) => (age === undefined ? `$1::timestamptz IS NOT NULL` : `r.${age} < $1`);

const no = (conditions: readonly string[] = []) => conditions.map((each) => `AND NOT (${each})`).join(' ');

/** Of the next batch: as many rows as fit into the target's time, but no sudden leaps. */
function nextSize(rows: number, took: number): number {
  const fitting = Math.round((rows * TARGET_MS) / Math.max(took, 1));
  return Math.max(LEAST_ROWS, Math.min(MOST_ROWS, rows * 2, fitting));
}

/** Is over at once where the run is to end. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
