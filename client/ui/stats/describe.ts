import type { ChartData } from './chart.ts';
import { figures } from './figures.ts';
import { bitrateWords, lossWords } from '../components/quality-words.ts';
import { timeOfDay } from './format.ts';
import { lowerBound } from './lower-bound.ts';
import type { Span } from './span.ts';

/** A chart in a sentence, for those who do not see it. */
export function describe({ time, participant }: ChartData, shown: Span | undefined): string {
  const first = shown ? lowerBound(time, shown.from) : 0;
  const end = shown ? lowerBound(time, shown.to) : time.length;
  const [from, to] = [time[first], time[end - 1]];
  if (from === undefined || to === undefined) return `${participant.displayName}: nothing was measured yet.`;
  const highest = figures.map(({ field, label, scale }) => {
    const known = (participant.fields[field]?.slice(first, end) ?? []).filter((value) => value !== null);
    const most = known.length === 0 ? null : known.reduce((one, other) => Math.max(one, other));
    return `${label.toLowerCase()} ${scale === 'bps' ? bitrateWords(most) : lossWords(most)}`;
  });
  return (
    `${participant.displayName}: bandwidth and packet loss from ${timeOfDay(from)} to ${timeOfDay(to)}. ` +
    `At most ${highest.join(', ')}. The table below has every value.`
  );
}
