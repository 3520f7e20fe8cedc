import type { Span } from './span.ts';

const formats = {
  seconds: new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' }),
  minutes: new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }),
  day: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' }),
};
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** @param seconds Since the epoch. */
export const timeOfDay = (seconds: number): string => formats.seconds.format(seconds * 1000);

/** @param seconds Since the epoch. */
export const minuteOfDay = (seconds: number): string => formats.minutes.format(seconds * 1000);

/** How times of a span are told: with the day, where it has more than one. @param to The unit that is told. */
export function timesOf({ from, to: end }: Span, to: 'seconds' | 'minutes'): (at: number) => string {
  const dayOf = (at: number) => formats.day.format(at * 1000);
  const isOneDay = dayOf(from) === dayOf(end);
  return (at) => `${isOneDay ? '' : `${dayOf(at)}, `}${formats[to].format(at * 1000)}`;
}

export const dateAndTime = (at: string): string => dated.format(Date.parse(at));

/** A duration for people: `1 h 5 min`, `12 min`, `40 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}
