import { AppError } from '../errors.ts';
import type { QualityEntry } from '../stats/call-quality.ts';
import type { Period } from '../stats/steps.ts';

const DAY_MS = 86_400_000;

/** Clocks of clients may be ahead by so many ms. */
const AHEAD_MS = 60_000;

/** How long a name is at most, in characters. */
const NAME_MAX = 128;
const NAME = new RegExp(`^(?=.*\\S)[^\\p{Cc}\\p{Cs}]{1,${NAME_MAX}}$`, 'u');

/** What can be stored, and told in JSON to the digit. */
const FIGURE_MAX = Number.MAX_SAFE_INTEGER;

/** Characters of a value that a message tells. */
const SHOWN_MAX = 60;

/** What is kept, in ms since the epoch: from so many days ago until now, by whatever clock. */
export function keptPeriod(days: number): Period {
  const now = Date.now();
  return { from: Math.max(0, now - days * DAY_MS), to: now + AHEAD_MS };
}

/** The report in a body. @throws {AppError} `bad_request` naming what is wrong, with its value. */
export function reportIn(body: unknown, kept: Period): QualityEntry {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('bad_request', `The body is ${shown(body)}: it must be a JSON object.`);
  }
  const values = new Map<string, unknown>(Object.entries(body));
  return {
    roomName: nameIn(values, 'roomName'),
    participant: nameIn(values, 'participant'),
    time: timestampIn(values, kept),
    videoSendBitsPerSecond: figureIn(values, 'videoSendBitsPerSecond'),
    videoRecvBitsPerSecond: figureIn(values, 'videoRecvBitsPerSecond'),
    videoSendPacketLoss: figureIn(values, 'videoSendPacketLoss'),
    videoRecvPacketLoss: figureIn(values, 'videoRecvPacketLoss'),
  };
}

/**
 * The period of a query, without what is not kept; undefined where nothing is left of it. Both ends are part of it.
 *
 * @throws {AppError} `bad_request` for a time that is none, or a period that ends before it begins.
 */
export function keptPeriodIn(query: Record<string, unknown>, kept: Period): Period | undefined {
  const to = timeIn(query, 'to') ?? kept.to;
  const from = timeIn(query, 'from') ?? Math.min(to, Date.now()) - DAY_MS;
  if (from > to) {
    throw new AppError(
      'bad_request',
      `from (${iso(from)}) is after to (${query['to'] === undefined ? 'which is now' : iso(to)}): send an earlier from, or a later to.`,
    );
  }
  const period = { from: Math.max(from, kept.from), to: Math.min(to, kept.to) };
  return period.from <= period.to ? period : undefined;
}

function nameIn(values: ReadonlyMap<string, unknown>, field: keyof QualityEntry): string {
  const value = values.get(field);
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw unfit(
    field,
    value,
    `a text of 1 to ${NAME_MAX} characters that can be seen, without control characters`,
  );
}

function figureIn(values: ReadonlyMap<string, unknown>, field: keyof QualityEntry): number {
  const value = numberOf(values.get(field));
  if (value !== undefined && value >= 0 && Math.round(value) <= FIGURE_MAX) return Math.round(value);
  throw unfit(field, values.get(field), `a number from 0 to ${FIGURE_MAX}`);
}

function timestampIn(values: ReadonlyMap<string, unknown>, { from, to }: Period): Date {
  const given = values.get('timestamp');
  const value = numberOf(given);
  if (value === undefined)
    throw unfit('timestamp', given, 'a time in ms since 1970, such as Date.now() gives');
  if (value >= from && value <= to) return new Date(Math.round(value));
  throw unfit(
    'timestamp',
    given,
    `a time in ms since 1970 that is kept: from ${Math.ceil(from)} (${iso(from)}) to now`,
  );
}

/** A finite number, also where it is written as a text; undefined: it is none. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function unfit(field: string, value: unknown, needed: string): AppError {
  const is = value === undefined ? 'is missing' : `is ${shown(value)}`;
  return new AppError('bad_request', `${field} ${is}: it must be ${needed}.`);
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  // A number can be too large to be one in JSON.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

const ISO = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/i;

/** In ms since the epoch; undefined where the query does not say it. */
function timeIn(query: Record<string, unknown>, name: 'from' | 'to'): number | undefined {
  const value = query[name];
  if (value === undefined) return undefined;
  const at = typeof value === 'string' ? (numberOf(value) ?? isoTimeOf(value)) : NaN;
  // What is no day of its month, a Date would take for one of the next.
  if (!Number.isNaN(new Date(at).getTime())) return at;
  throw new AppError(
    'bad_request',
    `${name} is ${shown(value)}: it must be one time, such as 2026-01-31T18:00:00Z or ms since 1970.`,
  );
}

/** NaN where it is no time. Without a zone, it is in UTC. */
function isoTimeOf(text: string): number {
  const [, date, clock = 'T00:00', , , zone = 'Z'] = ISO.exec(text) ?? [];
  if (date === undefined) return NaN;
  const day = new Date(`${date}T00:00Z`);
  // Of February 30 a Date makes March 2.
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return NaN;
  return new Date(`${date}${clock}${zone}`.toUpperCase()).getTime();
}

const iso = (at: number) => new Date(at).toISOString();
