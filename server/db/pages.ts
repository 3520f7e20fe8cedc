import type { Page, PageRequest } from '../rooms/page.ts';

/** What a page that begins a list comes after. */
const BEFORE_ALL = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

/** The time of a column in SQL, as positions have it: nothing of it is lost. */
export const positionOf = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS position`;

/** For `(time, id) < ($1, $2) ... LIMIT $3`: one row more than wanted says whether there are others. */
export function pageValues({ limit, after = BEFORE_ALL }: PageRequest): [string, string, number] {
  return [after.at, after.id, limit + 1];
}

/** A page of what `pageValues` found. */
export function pageOf<Row extends { id: string; position: string }, T>(
  rows: Row[],
  { limit }: PageRequest,
  item: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(item), next: last && { at: last.position, id: last.id } };
}
