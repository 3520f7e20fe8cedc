import type { ChartData } from './chart.ts';
import { figures } from './figures.ts';
import { bitrate, percent, timeOfDay } from './format.ts';
import { lowerBound } from './merge.ts';
import type { Span } from './span.ts';

/** A chart in a sentence, for those who do not see it. */
export function describe({ time, participant }: ChartData, shown: Span | undefined): string {
  const first = shown ? lowerBound(time, shown.from) : 0;
  const end = shown ? lowerBound(time, shown.to) : time.length;
  const [from, to] = [time[first], time[end - 1]];
  if (from === undefined || to === undefined) return `${participant.displayName}: nothing was measured yet.`;
  const means = figures.map(({ field, label, scale }) => {
    const known = (participant.fields[field]?.slice(first, end) ?? []).filter((value) => value !== null);
    const mean = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
    return `${label.toLowerCase()} ${scale === 'bps' ? bitrate(mean) : percent(mean)}`;
  });
  return (
    `${participant.displayName}: bandwidth and packet loss from ${timeOfDay(from)} to ${timeOfDay(to)}. ` +
    `On average ${means.join(', ')}. The table below has every value.`
  );
}
