import { counters, gauges } from '../../stats/sample.ts';

/** The column of a figure: `upBytes` is in `up_bytes`. */
export const columnOf = (figure: string): string =>
  figure.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const counterColumns: readonly string[] = counters.map(columnOf);
export const gaugeColumns: readonly string[] = gauges.map(columnOf);

/** Of a rollup, what adds up: a gauge is there as its values times the ms for which they hold, and these ms. */
export const summedColumns: readonly string[] = [
  ...counterColumns,
  ...gaugeColumns.flatMap((gauge) => [`${gauge}_sum`, `${gauge}_weight`]),
];
