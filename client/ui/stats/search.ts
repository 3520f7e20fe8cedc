const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** How much time one looks at: the API has no more than 31 days at once. */
export const periods = [
  { hours: 1, label: 'the hour' },
  { hours: 24, label: 'the 24 hours' },
  { hours: 24 * 7, label: 'the 7 days' },
  { hours: 24 * 30, label: 'the 30 days' },
] as const;

export const orders = [
  { order: 'worst', label: 'worst first' },
  { order: 'latest', label: 'latest first' },
] as const;

/** Which rooms one looks for; the page's link keeps it. */
export interface Search {
  readonly hours: number;
  /** When these hours end, in ms since the epoch; undefined: now. */
  readonly until: number | undefined;
  readonly order: (typeof orders)[number]['order'];
  /** A room's name; empty: all. */
  readonly name: string;
}

/** What is earlier or later is no moment of a call, but a year that somebody has not typed to its end. */
const [EARLIEST, LATEST] = [Date.UTC(2000, 0, 1), Date.UTC(9999, 0, 1)];

/** A moment, in whole minutes, from a link or a field; undefined where it is none. Without a time zone it is local. */
export function momentIn(text: string): number | undefined {
  const at = Math.floor(Date.parse(text) / MINUTE_MS) * MINUTE_MS;
  return at >= EARLIEST && at < LATEST ? at : undefined;
}

/** A moment as `<input type="datetime-local">` has it; empty: none. */
export function localTime(at: number | undefined): string {
  if (at === undefined) return '';
  return new Date(at - new Date(at).getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
}

export function searchIn(query: string): Search {
  const given = new URLSearchParams(query);
  const hours = Number(given.get('hours'));
  return {
    hours: periods.some((one) => one.hours === hours) ? hours : 24,
    until: momentIn(given.get('until') ?? ''),
    order: given.get('order') === 'latest' ? 'latest' : 'worst',
    name: given.get('name') ?? '',
  };
}

/** The query of a link to a search: its moment is the same one in every time zone. */
export function queryOf({ hours, until, order, name }: Search): string {
  const query = new URLSearchParams({
    hours: String(hours),
    ...(until === undefined ? {} : { until: new Date(until).toISOString().replace('.000Z', 'Z') }),
    order,
    ...(name === '' ? {} : { name }),
  });
  return `?${query.toString().replaceAll('%3A', ':')}`;
}

/** Whether a search ends later than now. */
export const isAhead = ({ until }: Search, now: number): boolean => until !== undefined && until > now;

/** What a search asks for at a moment: one that ends later ends now. */
export const asOf = (search: Search, now: number): Search =>
  isAhead(search, now) ? { ...search, until: undefined } : search;

/** The period, as the API is asked for it; without `to` it ends now. */
export function periodOf({ hours, until }: Search, now: number): { from: string; to: string | undefined } {
  return {
    from: new Date((until ?? now) - hours * HOUR_MS).toISOString(),
    to: until === undefined ? undefined : new Date(until).toISOString(),
  };
}
