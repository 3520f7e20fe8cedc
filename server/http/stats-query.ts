import { Type } from 'typebox';
import { AppError } from '../errors.ts';
import { choice } from '../protocol/model.ts';
import { countsPackets, fields, type TrackField } from '../stats/fields.ts';
import { reporters, type Reporter } from '../stats/sample.ts';
import { timelineFields } from '../stats/asking/timeline.ts';
import type { Period } from '../stats/steps.ts';
import { Query } from './schemas.ts';
import { timeIn } from './stream-history.ts';

/** How many percentiles one may ask for. */
const PERCENTILES_MAX = 5;

export const moment = (description: string) =>
  Type.Optional(Type.String({ format: 'date-time', maxLength: 64, description }));

/** The period of a question. */
export const period = {
  from: moment('When it begins, by ISO 8601, rounded down to a step; without it, at the beginning.'),
  to: moment('When it ends, rounded up to a step; without it, at the end, or now.'),
};

const step = (otherwise: string) =>
  Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 86_400,
      description:
        'Seconds between two points. From 15 on, rounded up to a multiple of 15; below, made of samples where they are kept ' +
        `and the period is short, else rounded up to 15. Without it, ${otherwise}.`,
    }),
  );

const figures = (otherwise: string) =>
  Type.Optional(
    Type.String({
      pattern: '^[A-Za-z]{1,32}(,[A-Za-z]{1,32}){0,63}$',
      description: `Names of figures, separated by commas: ${fields.join(', ')}. Without it, ${otherwise}.`,
    }),
  );

const reporter = Type.Optional(
  choice(reporters, 'Who measured, where both did: the `server` (so it is without it), or the `browser`.'),
);

const own = {
  ...period,
  step: step('one that gives up to 1,500 points'),
  fields: figures('those that count no packets'),
  reporter,
  format: Type.Optional(choice(['json', 'csv'], 'Without it, as `Accept` says, else `json`.')),
};

const percentiles = {
  percentiles: Type.Optional(
    Type.String({
      pattern: '^\\d{1,3}(\\.\\d{1,2})?(,\\d{1,3}(\\.\\d{1,2})?){0,4}$',
      description:
        `Up to ${PERCENTILES_MAX} numbers from 0 to 100, separated by commas: of the values that each participant had in 15 s, ` +
        'in each step of 15 s or more.',
    }),
  ),
};

export const SeriesQuery = Query({ ...own, ...percentiles });
export const TransportSeriesQuery = Query({
  ...own,
  ...percentiles,
  track: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description:
        'The id of a producer or consumer: its own series, while samples are kept, and no percentiles.',
    }),
  ),
});

export const TimelineQuery = Query({
  ...period,
  step: step(
    'one that gives up to 1,500 points, or fewer where there would be too much of so many participants',
  ),
  fields: figures(timelineFields.join(', ')),
  reporter,
});

export interface SeriesInQuery {
  from?: string;
  to?: string;
  step?: number;
  fields?: string;
  reporter?: Reporter;
  format?: 'json' | 'csv';
  percentiles?: string;
}

/** The period of a query, in ms since the epoch, where it says one. @throws {AppError} `bad_request` for a time that is none. */
export function periodIn(query: { from?: string; to?: string }): {
  from: number | undefined;
  to: number | undefined;
} {
  return { from: timeIn(query, 'from')?.getTime(), to: timeIn(query, 'to')?.getTime() };
}

/** How long a period of minutes may be, in hours: answers are made of every participant's. */
export const MINUTES_HOURS_MAX = 72;
const MINUTE_MS = 60_000;
const MINUTES_MAX_MS = MINUTES_HOURS_MAX * 60 * MINUTE_MS;

/**
 * The period of a query in whole minutes; without one, all of a session or its last hours.
 *
 * @throws {AppError} `bad_request` where it is too long, or ends before it begins.
 */
export function minutesIn(query: { from?: string; to?: string }, session: Period): Period {
  const asked = periodIn(query);
  const to = Math.ceil((asked.to ?? session.to) / MINUTE_MS) * MINUTE_MS;
  const earliest = Math.max(session.from, to - MINUTES_MAX_MS);
  const from = Math.floor((asked.from ?? earliest) / MINUTE_MS) * MINUTE_MS;
  if (from <= to && to - from <= MINUTES_MAX_MS) return { from, to };
  throw new AppError(
    'bad_request',
    `The period may be ${MINUTES_HOURS_MAX} hours at most, and would be from ${new Date(from).toISOString()} to ` +
      `${new Date(to).toISOString()}. Send \`from\` and \`to\` that are closer, the earlier one first.`,
  );
}

/** The figures that are asked for, each once. @throws {AppError} `bad_request` for one that there is not. */
export function fieldsIn<F extends TrackField>({ fields: names }: SeriesInQuery, known: readonly F[]): F[] {
  if (names === undefined) return known.filter((field) => !countsPackets(field));
  return [...new Set(names.split(','))].map((name) => {
    const field = known.find((one) => one === name);
    if (field) return field;
    throw new AppError(
      'bad_request',
      `querystring.fields has ${name}, and there is no such figure. There are ${known.join(', ')}.`,
    );
  });
}

/** The percentiles that are asked for, each once. @throws {AppError} `bad_request` for one that is none. */
export function percentilesIn({ percentiles: text }: SeriesInQuery): number[] {
  if (text === undefined) return [];
  return [...new Set(text.split(',').map(Number))].map((one) => {
    if (one <= 100) return one;
    throw new AppError('bad_request', `querystring.percentiles has ${one}: they are from 0 to 100.`);
  });
}

/** What an answer is in: by `format`, else by what is accepted most. */
export function formatOf({ format }: SeriesInQuery, accept = ''): 'json' | 'csv' {
  if (format !== undefined) return format;
  const wanted = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const [, q = '1'] = /^q=([\d.]+)$/.exec(parameters.at(-1) ?? '') ?? [];
    return { type, weight: Number(q) };
  });
  const weightOf = (...types: string[]) => wanted.find(({ type }) => types.includes(type))?.weight ?? 0;
  const csv = weightOf('text/csv');
  return csv > 0 && csv >= weightOf('application/json') ? 'csv' : 'json';
}
