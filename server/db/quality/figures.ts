import { sourcesOf, type TrackField } from '../../stats/fields.ts';
import { gauges, type Reporter } from '../../stats/sample.ts';
import { JUDGED_PACKETS_MIN } from '../../stats/asking/minute.ts';
import type { Resolution } from '../../stats/steps.ts';
import { columnOf } from './columns.ts';
import { transportRollups, type Whose } from './sources.ts';

/** A figure of a group of rows `r` that are shaped as rollups: the formulas that docs/API.md has. */
export function figureOf(field: TrackField, preferred: Reporter): string {
  return known(sourcesOf(field, preferred).map((reporter) => formula(field, reporter)));
}

/** The same for a minute that is judged: null for the loss among too few packets. */
export function judgedFigureOf(field: TrackField, preferred: Reporter): string {
  return known(
    sourcesOf(field, preferred).map((reporter) => {
      const { kind, columns } = inputsOf(field);
      const [, packets = ''] = columns;
      const figure = formula(field, reporter);
      if (kind !== 'ratio') return figure;
      return `CASE WHEN ${from(reporter, `sum(r.${packets})`)} >= ${JUDGED_PACKETS_MIN} THEN ${figure} END`;
    }),
  );
}

/** The first of some formulas that is not null. */
const known = (formulas: readonly string[]): string => `coalesce(${formulas.join(', ') || 'NULL'})`;

const from = (reporter: Reporter, aggregate: string): string =>
  `${aggregate} FILTER (WHERE r.reporter = '${reporter}')`;

/** Which columns of rollups figures are made of. */
export function columnsOf(fields: readonly TrackField[]): string[] {
  return [...new Set(fields.flatMap((field) => inputsOf(field).columns))];
}

/** Whose rows figures are made of, as a list of SQL. */
export function reportersOf(fields: readonly TrackField[], preferred: Reporter): string {
  const needed = new Set(fields.flatMap((field) => sourcesOf(field, preferred)));
  return [...needed].map((reporter) => `'${reporter}'`).join(', ');
}

function formula(field: TrackField, reporter: Reporter): string {
  const of = (aggregate: string) => from(reporter, aggregate);
  const { kind, columns } = inputsOf(field);
  const [one = '', other = ''] = columns.map((name) => of(`sum(r.${name})`));
  switch (kind) {
    case 'count':
      return one;
    case 'rate':
      return `${one} * 8 / nullif(date_part('epoch', ${of('max(r.last_at)')} - ${of('min(r.first_at)')}), 0)`;
    // Without least(), which makes 1 of what is not known.
    case 'ratio':
      return `CASE WHEN ${one} > ${other} AND ${other} > 0 THEN 1 ELSE ${one} / nullif(${other}, 0) END`;
    case 'mean':
      return `${one} / nullif(${other}, 0)`;
  }
}

function inputsOf(field: TrackField): { kind: 'count' | 'rate' | 'ratio' | 'mean'; columns: string[] } {
  const name = columnOf(field);
  const means: readonly string[] = [...gauges, 'spatialLayer', 'temporalLayer'];
  if (means.includes(field)) return { kind: 'mean', columns: [`${name}_sum`, `${name}_weight`] };
  const [, carried] = /^(.*)_bitrate_bps$/.exec(name) ?? [];
  if (carried !== undefined) return { kind: 'rate', columns: [`${carried}_bytes`] };
  const [, lost] = /^(.*)_loss_ratio$/.exec(name) ?? [];
  if (lost !== undefined) return { kind: 'ratio', columns: [`${lost}_packets_lost`, `${lost}_packets`] };
  return { kind: 'count', columns: [name] };
}

/** The figures of each participant at a resolution, as a query: `participant_id`, `bucket`, and `f0` and so on. */
export function participantFigures(
  kind: Whose,
  resolution: Resolution,
  fields: readonly TrackField[],
  preferred: Reporter,
  figure = figureOf,
): string {
  const figures = fields.map((field, n) => `${figure(field, preferred)} AS f${n}`);
  const rows = transportRollups(kind, resolution, reportersOf(fields, preferred));
  return `SELECT ${['t.participant_id', 'r.bucket', ...figures].join(', ')} FROM ${rows} GROUP BY 1, 2`;
}
