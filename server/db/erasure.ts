import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { Erased, Erasure } from '../identity/erasure.ts';
import { ERASED, personalData, type PersonalRows } from './personal-data.ts';
import { inTransaction } from './transaction.ts';

/** Rows that are changed in one transaction: tens of ms, for which whoever reads them does not wait. */
const ROWS_AT_ONCE = 500;

/** What `:user` and the like in the statements stand for. */
interface Values {
  readonly user: string;
  readonly pseudonym: string;
  readonly names: readonly string[];
  readonly rooms: readonly string[];
}

/**
 * Erases people from Postgres, as `personalData` says.
 *
 * @param pool Connections that calls do not wait for.
 */
export function createErasure(pool: Pool): Erasure {
  return {
    async erase(userId, signal) {
      const known = await namesOf(pool, userId);
      const values = { ...known, user: userId, pseudonym: `${ERASED}${randomBytes(16).toString('hex')}` };
      const erased: Record<string, number> = {};
      for (const rows of personalData) {
        for (;;) {
          if (signal.aborted) return undefined;
          const done = await eraseSome(pool, rows, values);
          if (done > 0) erased[rows.table] = (erased[rows.table] ?? 0) + done;
          else break;
        }
      }
      return { erased, open: await openRows(pool, values) };
    },
  };
}

/** The names that a user has had, each with the room in which it was. */
async function namesOf(pool: Pool, userId: string): Promise<Pick<Values, 'names' | 'rooms'>> {
  const { rows } = await pool.query<{ name: string; room: string }>(
    `SELECT DISTINCT p.display_name AS name, rooms.name AS room
     FROM participants p JOIN room_sessions s ON s.id = p.session_id JOIN rooms ON rooms.id = s.room_id
     WHERE p.user_id = $1`,
    [userId],
  );
  return { names: rows.map(({ name }) => name), rooms: rows.map(({ room }) => room) };
}

/** @returns how many rows it changed or deleted: 0 where none are left. */
async function eraseSome(
  pool: Pool,
  { table, whose, inUse = 'false', becomes }: PersonalRows,
  values: Values,
): Promise<number> {
  const rows = bound(`${whose} AND NOT (${inUse})`, values);
  return inTransaction(pool, async (client) => {
    const { rows: locked } = await client.query<{ place: string }>(
      // By their place, slots are locked in their order, as everywhere.
      `SELECT r.ctid::text AS place FROM ${table} r WHERE ${rows.text} ${table === 'slots' ? 'ORDER BY r.number' : ''}
       LIMIT ${ROWS_AT_ONCE} FOR UPDATE`,
      rows.values,
    );
    if (locked.length === 0) return 0;
    const places = locked.map(({ place }) => place);
    const { rowCount } = await client.query(bound(statementOf(table, becomes), { ...values, places }));
    return rowCount ?? 0;
  });
}

function statementOf(table: string, becomes: PersonalRows['becomes']): string {
  const deleted = `DELETE FROM ${table} WHERE ctid = ANY(:places::tid[])`;
  if (becomes === 'deleted') return deleted;
  if ('insert' in becomes) return `WITH gone AS (${deleted} RETURNING *) ${becomes.insert}`;
  const set = Object.entries(becomes.set).map(([column, value]) => `${column} = ${value}`);
  return `UPDATE ${table} SET ${set.join()} WHERE ctid = ANY(:places::tid[])`;
}

/** How many rows of each table still name a user, since they are in use. */
async function openRows(pool: Pool, values: Values): Promise<Erased['open']> {
  const open: Record<string, number> = {};
  for (const { table, whose, inUse } of personalData) {
    if (inUse === undefined) continue;
    const { rows } = await pool.query<{ rows: number }>(
      bound(`SELECT count(*)::int AS rows FROM ${table} r WHERE ${whose} AND ${inUse}`, values),
    );
    const [count] = rows;
    if (count && count.rows > 0) open[table] = count.rows;
  }
  return open;
}

/** A statement with numbers in the place of `:user` and the like, and what they stand for. */
function bound(text: string, given: object): { text: string; values: unknown[] } {
  const known = new Map<string, unknown>(Object.entries(given));
  const values: unknown[] = [];
  const numbered = text.replace(
    /(?<!:):([a-z]+)\b/g,
    (_, name: string) => `$${values.push(known.get(name))}`,
  );
  return { text: numbered, values };
}
