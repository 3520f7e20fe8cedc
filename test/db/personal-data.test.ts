import type { Pool } from 'pg';
import t from '../support/tap.ts';
import { namesNobody, personalData } from '../../server/db/personal-data.ts';
import { partitioned } from '../../server/db/quality/partitions.ts';
import { ageRules, goneWith, keptForGood } from '../../server/db/retention-rules.ts';
import { testDatabase } from '../support/postgres.ts';

/** Tables of ours. Partitions are parts of their tables. */
const OURS = `SELECT oid, relname FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`;

/**
 * Columns that may name a person: everything that is not a number, a time, yes or no or an id of ours, but for text of which a
 * constraint lists the values; and whatever is called a user.
 */
const MAY_NAME = `SELECT t.relname || '.' || a.attname AS name
  FROM (${OURS}) t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type ON pg_type.oid = a.atttypid
  WHERE (typcategory NOT IN ('N', 'D', 'T', 'B') AND typname <> 'uuid' AND NOT EXISTS (
    SELECT FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum]
      AND pg_get_constraintdef(c.oid) ~ '= ANY \\(+ARRAY'
  )) OR a.attname ~ 'user'
  ORDER BY name`;

async function namesOf(pool: Pool, query: string): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(query);
  return rows.map(({ name }) => name);
}

/** What nobody has thought of: a sentence for each table and column. */
async function forgotten(pool: Pool): Promise<string[]> {
  const tables = await namesOf(pool, `SELECT relname AS name FROM (${OURS}) t ORDER BY name`);
  const aging = [
    ...ageRules.map(({ table }) => table),
    ...partitioned,
    ...Object.keys(goneWith),
    ...Object.keys(keptForGood),
  ];
  const erased = personalData.flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`));
  const columns = await namesOf(pool, MAY_NAME);
  return [
    ...tables
      .filter((table) => !aging.includes(table))
      .map((table) => `${table} grows for ever: put it into ageRules of server/db/retention-rules.ts`),
    ...columns
      .filter((column) => !erased.includes(column) && !(column in namesNobody))
      .map((column) => `${column} may name a person: put it into personalData of server/db/personal-data.ts`),
    ...[...erased, ...Object.keys(namesNobody)]
      .filter((column) => !columns.includes(column))
      .map((column) => `${column} is no column that may name a person: take it out`),
    ...aging.filter((table) => !tables.includes(table)).map((table) => `${table} is no table: take it out`),
  ];
}

t.test('every table is deleted by age, and whoever is named in it can be erased', async (t) => {
  const { pool } = await testDatabase(t);
  t.same(await forgotten(pool), []);

  t.test('a new one that is not is found', async (t) => {
    await pool.query(
      `CREATE TABLE recordings (id uuid PRIMARY KEY, owner text, size bigint, asked_by jsonb, "userId" uuid, from_address inet,
         kind text CHECK (kind IN ('audio', 'video')))`,
    );
    t.same(await forgotten(pool), [
      'recordings grows for ever: put it into ageRules of server/db/retention-rules.ts',
      ...['asked_by', 'from_address', 'owner', 'userId'].map(
        (column) =>
          `recordings.${column} may name a person: put it into personalData of server/db/personal-data.ts`,
      ),
    ]);
    await pool.query('DROP TABLE recordings');
  });

  t.test('a new column of an old one too', async (t) => {
    await pool.query('ALTER TABLE room_sessions ADD COLUMN opened_by text');
    t.match(await forgotten(pool), [/^room_sessions.opened_by may name a person/]);
  });
});

t.test('what is erased is what is listed', (t) => {
  for (const { table, columns, becomes } of personalData) {
    if (becomes === 'deleted' || !('set' in becomes)) continue;
    t.same(Object.keys(becomes.set).sort(), [...columns].sort(), table);
  }
  t.end();
});
