/** A part of time, in seconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Nothing shorter is shown, in seconds. */
export const SHORTEST = 10;

export const lengthOf = ({ from, to }: Span): number => to - from;

/** The span of that length, as far as it may be, that lies within bounds; moved, not cut, where it would stick out. */
export function within({ from, to }: Span, bounds: Span): Span {
  const length = Math.min(Math.max(to - from, SHORTEST), lengthOf(bounds));
  const begin = Math.min(Math.max(from, bounds.from), bounds.to - length);
  return { from: begin, to: begin + length };
}

/** @param factor Below 1: nearer. @param around What stays where it is. */
export function zoomed(span: Span, factor: number, around = (span.from + span.to) / 2): Span {
  const share = (around - span.from) / lengthOf(span);
  const length = Math.max(SHORTEST, lengthOf(span) * factor);
  return { from: around - share * length, to: around + (1 - share) * length };
}

/** @param seconds Below 0: to earlier ones. */
export const moved = ({ from, to }: Span, seconds: number): Span => ({
  from: from + seconds,
  to: to + seconds,
});

export const covers = (one: Span, other: Span): boolean => one.from <= other.from && other.to <= one.to;

/** The names that a link has for a span. */
const [FROM, TO] = ['from', 'to'];

/** The span that a link shows; undefined where it names none. */
export function spanIn(query: string): Span | undefined {
  const parameters = new URLSearchParams(query);
  const [from, to] = [FROM, TO].map((name) => Date.parse(parameters.get(name) ?? '') / 1000);
  return from !== undefined && to !== undefined && to > from ? { from, to } : undefined;
}

/** The query of a link that shows a span, with all else that it has; undefined: the span is taken out. */
export function withSpan(query: string, span: Span | undefined): string {
  const parameters = new URLSearchParams(query);
  for (const [name, at] of [
    [FROM, span?.from],
    [TO, span?.to],
  ] as const) {
    if (at === undefined) parameters.delete(name);
    else parameters.set(name, new Date(Math.floor(at) * 1000).toISOString().replace('.000Z', 'Z'));
  }
  const text = parameters.toString().replaceAll('%3A', ':');
  return text === '' ? '' : `?${text}`;
}
