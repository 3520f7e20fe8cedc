/** A bitrate in bit/s, for people: `1.25 Mbit/s`. */
export function bitrate(bps: number | null | undefined): string {
  if (bps === null || bps === undefined) return '–';
  if (bps < 1_000_000) return `${Math.round(bps / 1000)} kbit/s`;
  return `${(bps / 1_000_000).toFixed(2)} Mbit/s`;
}

/** A ratio from 0 to 1, in percent: `2.5 %`. */
export function percent(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? '–' : `${Number((ratio * 100).toFixed(1))} %`;
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const short = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** @param seconds Since the epoch. */
export const timeOfDay = (seconds: number): string => clock.format(seconds * 1000);

/** @param seconds Since the epoch. */
export const minuteOfDay = (seconds: number): string => short.format(seconds * 1000);

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
