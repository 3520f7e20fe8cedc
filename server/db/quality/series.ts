import { partsOf, type TrackField } from '../../stats/fields.ts';
import type { Reporter } from '../../stats/sample.ts';
import type { KnownSteps } from '../../stats/asking/stats-records.ts';
import type { Steps } from '../../stats/steps.ts';
import { columnsOf, figureOf, reportersOf } from './figures.ts';
import { cutSamples, transportRollups, type Whose } from './sources.ts';

/** The rows that a series is made of: samples, or rollups of transports. */
export function rowsOf(
  whose: Whose,
  { step, resolution }: Steps,
  fields: readonly TrackField[],
  preferred: Reporter,
): string {
  const who = reportersOf(fields, preferred);
  return resolution === 1
    ? cutSamples(whose, step, columnsOf(fields), who)
    : transportRollups(whose, resolution, who);
}

/** `f0` and so on. Rounded here already: half as much has to be written and read. */
export const roundedFigures = (fields: readonly TrackField[], preferred: Reporter): string[] =>
  fields.map(
    (field, n) => `round((${figureOf(field, preferred)}) * ${partsOf(field)}) / ${partsOf(field)} AS f${n}`,
  );

/** Which step of a series a bucket is in, from 0. */
export const indexOf = (bucket: string, step: number): string =>
  `floor(date_part('epoch', ${bucket} - $2::timestamptz) / ${step})::int AS i`;

/**
 * A column each, in one row: read as JSON it takes the server half the time of a row a step.
 *
 * @param owner A column of the query: one row for each of its values, which comes first.
 */
export function inColumns(query: string, fields: readonly TrackField[], owner?: string): string {
  const columns = ['i', ...fields.map((_, n) => `f${n}`)].map((name) => `json_agg(${name})`);
  if (owner === undefined) return `SELECT ${columns.join(', ')} FROM (${query}) steps`;
  return `SELECT ${[owner, ...columns].join(', ')} FROM (${query}) steps GROUP BY 1`;
}

/** What such a row has, without its owner. */
export function knownSteps<Value>(row: unknown[] = []): KnownSteps<Value> {
  const [indexes, ...columns] = row as [number[] | null, ...(Value | null)[][]];
  return indexes ? { indexes, columns } : { indexes: [], columns: [] };
}
