import { keptDays } from '../config.ts';
import { createPool } from '../db/pool.ts';
import { keepPartitions, oldPartitions, partitioned } from '../db/quality/partitions.ts';
import { ageRules, type KeptDays } from '../db/retention-rules.ts';
import { countOld, deleteOld } from '../db/retention.ts';
import { withDatabase } from './database.ts';
import { CommandError } from './error.ts';

/** Counting reads whole tables, in ms. */
const COUNT_TIMEOUT_MS = 600_000;

const WIDTH = Math.max(...[...partitioned, ...ageRules.map(({ table }) => table)].map((name) => name.length));

/** Deletes what is too old, as a running server does once an hour; with `--dry-run` it says what would go, and deletes nothing. */
export async function run(args: string[]): Promise<void> {
  const [option, ...more] = args;
  if ((option !== undefined && option !== '--dry-run') || more.length > 0) {
    throw new CommandError(
      `trivium retention [--dry-run] takes nothing else, and ${args.join(' ')} was given.`,
    );
  }
  await withDatabase([], async ({ config, connectionString, log }) => {
    const days = keptDays(config);
    const pool = createPool({ connectionString, log, max: 1, statementTimeoutMs: COUNT_TIMEOUT_MS });
    try {
      const lines = option === undefined ? await deleteAll(pool, days) : await foretell(pool, days);
      process.stdout.write(`${lines.join('\n')}\n`);
    } finally {
      await pool.end();
    }
  });
}

type Pool = ReturnType<typeof createPool>;

async function foretell(pool: Pool, days: KeptDays): Promise<string[]> {
  const counts = await countOld(pool, days, Date.now());
  const partitions = await oldPartitions(pool, days);
  return [
    'Would be deleted:',
    ...counts.map(({ table, rows, before, oldest }) => {
      const since = oldest ? `, the oldest of ${oldest.toISOString()}` : '';
      return line(table, `${rows} rows from before ${before.toISOString()}${since}`);
    }),
    ...[...partitions].map(([table, names]) => line(table, partitionsIn(names))),
    'Nothing was deleted.',
  ];
}

async function deleteAll(pool: Pool, days: KeptDays): Promise<string[]> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const { dropped } = await keepPartitions(pool, days);
  const { rows, batches, slowestMs } = await deleteOld(pool, days, {
    now: Date.now(),
    signal: interrupted.signal,
  });
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  return [
    interrupted.signal.aborted ? 'Interrupted. Deleted so far:' : 'Deleted:',
    ...ageRules.map(({ table }) => line(table, `${rows[table] ?? 0} rows`)),
    ...partitioned.map((table) =>
      line(table, partitionsIn(dropped.filter((name) => name.startsWith(table)))),
    ),
    `${batches} batches, the slowest of which took ${slowestMs} ms.`,
  ];
}

const partitionsIn = (names: readonly string[]) =>
  [`${names.length} partitions`, ...(names.length > 0 ? [names.join(', ')] : [])].join(': ');

const line = (table: string, text: string) => `  ${table.padEnd(WIDTH)}  ${text}`;
