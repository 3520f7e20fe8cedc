import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { pino } from 'pino';
import t, { type Test } from '../support/tap.ts';
import { migrate } from '../../server/db/migrate.ts';
import { createPool } from '../../server/db/pool.ts';
import { inDatabase, stoppableDatabase, temporaryFolder } from '../support/postgres.ts';

const silent = pino({ level: 'silent' });

/** All that a migration can make, as text: columns, constraints, indexes and comments. */
async function schemaOf(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query<Record<string, string>>(`
    WITH ours AS (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^migrations')
    SELECT format('%s.%s %s %s %s', attrelid::regclass, attname, atttypid::regtype,
      CASE WHEN attnotnull THEN 'not null' END, pg_get_expr(adbin, adrelid)) AS made
      FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      WHERE attrelid IN (SELECT oid FROM ours) AND attnum > 0
    UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
      WHERE conrelid IN (SELECT oid FROM ours)
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN (SELECT oid FROM ours)
    UNION ALL SELECT format('%s %s %s', objoid::regclass, objsubid, description) FROM pg_description
      WHERE objoid IN (SELECT oid FROM ours)
    ORDER BY made`);
  return rows.map(({ made }) => made);
}

t.test('migrate', async (t) => {
  const server = await stoppableDatabase(t);
  let databases = 0;

  /** An empty database of the same server. */
  async function emptyDatabase(t: Test) {
    const name = `empty_${++databases}`;
    await server.pool.query(`CREATE DATABASE ${name}`);
    const connectionString = inDatabase(server.connectionString, name);
    const pool = createPool({ connectionString, log: silent });
    t.teardown(() => pool.end());
    return { pool, connectionString };
  }

  t.test('up, all down and up again gives the same schema', async (t) => {
    const { pool, connectionString } = await emptyDatabase(t);
    const names = await migrate({ connectionString, log: silent });
    t.ok(names.includes('0001_calls'));
    const schema = await schemaOf(pool);
    t.ok(schema.length > 40);
    const undone = await migrate({ connectionString, log: silent, direction: 'down', count: names.length });
    t.strictSame(undone, names.toReversed());
    t.strictSame(await schemaOf(pool), [], 'nothing is left when all are undone');
    await migrate({ connectionString, log: silent });
    t.strictSame(await schemaOf(pool), schema);
  });

  t.test('two that start at once run every migration once', async (t) => {
    const { connectionString } = await emptyDatabase(t);
    const both = await Promise.all([0, 1].map(() => migrate({ connectionString, log: silent })));
    t.strictSame(both.map((names) => names.length > 0).sort(), [false, true]);
  });

  t.test('says a line for each migration that it runs, and nothing when there is none', async (t) => {
    const { connectionString } = await emptyDatabase(t);
    const lines: string[] = [];
    const log = pino({}, { write: (line) => lines.push(line) });
    const names = await migrate({ connectionString, log });
    t.equal(lines.length, names.length);
    t.match(lines[0], /"level":30.*"migration":"0001_calls","direction":"up"/);
    await migrate({ connectionString, log });
    t.equal(lines.length, names.length);
  });

  t.test('a long migration is not stopped by a statement timeout', async (t) => {
    const { pool, connectionString } = await emptyDatabase(t);
    await pool.query(`ALTER ROLE trivium IN DATABASE empty_${databases} SET statement_timeout = '20ms'`);
    const folder = await folderOf(t, { '1_long.sql': 'SELECT pg_sleep(0.1);' });
    t.strictSame(await migrate({ connectionString, log: silent, folder }), ['1_long']);
  });

  t.test('one that fails undoes those before it, and says which statement', async (t) => {
    const { pool, connectionString } = await emptyDatabase(t);
    const folder = await folderOf(t, {
      '1_good.sql': 'CREATE TABLE good ();',
      '2_bad.sql': 'CREATE TABEL bad ();',
    });
    const lines: string[] = [];
    const log = pino({}, { write: (line) => lines.push(line) });
    await t.rejects(migrate({ connectionString, log, folder }), {
      message: /syntax error at or near "TABEL"/,
    });
    t.match(lines.join(), /CREATE TABEL bad/);
    t.strictSame(await schemaOf(pool), []);
  });
});

async function folderOf(t: Test, files: Record<string, string>): Promise<string> {
  const folder = join(await temporaryFolder(t), 'migrations');
  await mkdir(folder);
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
  return folder;
}
