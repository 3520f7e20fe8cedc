import { rounded, type TrackField } from '../fields.ts';
import type { KnownSteps } from './stats-records.ts';
import { pointsOf, type Steps } from '../steps.ts';

/** Figures by time, in columns: what chart libraries take. */
export interface Series {
  /** When each step begins, in seconds since the epoch. */
  time: number[];
  /** A value a step; null where nothing is known. */
  fields: Partial<Record<TrackField, (number | null)[]>>;
  /** The same of each percentile, by its name; undefined where none is asked for. */
  percentiles: Partial<Record<TrackField, Record<string, (number | null)[]>>> | undefined;
}

/** Puts what is known into columns that have every step, without digits that mean nothing. */
export function seriesOf(
  steps: Steps,
  fields: readonly TrackField[],
  known: KnownSteps<number>,
  percentiles?: { asked: readonly number[]; known: KnownSteps<(number | null)[]> },
): Series {
  const length = pointsOf(steps);
  const spreadOf = (
    field: TrackField,
    column: readonly ((number | null)[] | null)[] = [],
    indexes: readonly number[],
  ) =>
    percentiles?.asked.map((one, p) => [
      String(one),
      columnOf(length, field, indexes, (n) => column[n]?.[p]),
    ]) ?? [];
  return {
    time: timeOf(steps),
    fields: columnsOf(steps, fields, known),
    percentiles:
      percentiles &&
      Object.fromEntries(
        fields.map((field, f) => {
          const { indexes, columns } = percentiles.known;
          return [field, Object.fromEntries(spreadOf(field, columns[f], indexes))];
        }),
      ),
  };
}

/** When each step begins, in seconds since the epoch. */
export const timeOf = (steps: Steps): number[] =>
  Array.from({ length: pointsOf(steps) }, (_, index) => steps.from / 1000 + index * steps.step);

/** A value a step, of each field. */
export function columnsOf(
  steps: Steps,
  fields: readonly TrackField[],
  { indexes, columns }: KnownSteps<number>,
): Series['fields'] {
  const length = pointsOf(steps);
  return Object.fromEntries(
    fields.map((field, f) => [field, columnOf(length, field, indexes, (n) => columns[f]?.[n])]),
  );
}

function columnOf(
  length: number,
  field: TrackField,
  indexes: readonly number[],
  valueOf: (n: number) => number | null | undefined,
): (number | null)[] {
  const column = new Array<number | null>(length).fill(null);
  for (const [n, index] of indexes.entries()) {
    const value = valueOf(n) ?? null;
    if (index >= 0 && index < length) column[index] = value === null ? null : rounded(field, value);
  }
  return column;
}

/** A series as CSV by RFC 4180: names, then a line a step. There is nothing in it but our own names, times and numbers. */
export function csvOf({ time, fields, percentiles = {} }: Series): string {
  const columns = [
    ...Object.entries(fields),
    ...Object.entries(percentiles).flatMap(([field, each]) =>
      Object.entries(each).map(([one, values]) => [`${field}.p${one}`, values] as const),
    ),
  ];
  const lines = time.map((at, index) =>
    [new Date(at * 1000).toISOString(), ...columns.map(([, values]) => values[index] ?? '')].join(','),
  );
  return [['time', ...columns.map(([name]) => name)].join(','), ...lines, ''].join('\r\n');
}
