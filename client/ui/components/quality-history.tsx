import type { QualityPoint } from '../../sdk/index.ts';
import { bitrateWords, lossWords } from './quality-words.ts';
import { Sparkline, type Line } from './quality-sparkline.tsx';
import './quality-history.css';

/** A scale goes no lower: the noise of a good connection is not to look like a storm. */
const LEAST_BITRATE = 100_000;
const LEAST_LOSS = 0.02;

/** The last minute, as two small drawings. */
export function QualityHistory({ points, you }: { points: readonly QualityPoint[]; you: boolean }) {
  const lineOf = (name: keyof QualityPoint, kind: Line['kind']): Line => ({
    kind,
    values: points.map((point) => ({ at: point.at, value: point[name] as number | undefined })),
  });
  const both = (up: keyof QualityPoint, down: keyof QualityPoint): Line[] => [
    ...(you ? [lineOf(up, 'up')] : []),
    lineOf(down, 'down'),
  ];
  return (
    <div class="quality-history">
      <Chart
        name="Bandwidth"
        lines={both('upBitrateBps', 'downBitrateBps')}
        least={LEAST_BITRATE}
        words={bitrateWords}
      />
      <Chart
        name="Lost packets"
        lines={both('upLossRatio', 'downLossRatio')}
        least={LEAST_LOSS}
        words={lossWords}
      />
      <p class="quality-times" aria-hidden="true">
        <span>1 min ago</span>
        <span>now</span>
      </p>
    </div>
  );
}

interface ChartProps {
  name: string;
  lines: readonly Line[];
  /** The top of the scale at least. */
  least: number;
  words: (value: number | undefined) => string;
}

function Chart({ name, lines, least, words }: ChartProps) {
  const known = lines.flatMap(({ values }) => values.flatMap(({ value }) => value ?? []));
  const most = known.length === 0 ? undefined : Math.max(...known);
  return (
    <div class="quality-chart">
      <p class="quality-chart-name">
        <span>{name}</span>
        <span aria-hidden="true">{most !== undefined && (most === 0 ? 'none' : `up to ${words(most)}`)}</span>
      </p>
      <Sparkline lines={lines} top={Math.max(least, most ?? 0)} label={`${name}: ${summary(lines, words)}`} />
    </div>
  );
}

/** What a drawing shows, in words. */
function summary(lines: readonly Line[], words: ChartProps['words']): string {
  return lines
    .map(({ kind, values }) => {
      const known = values.flatMap(({ value }) => value ?? []);
      const whose = lines.length === 1 ? '' : kind === 'up' ? 'sending ' : 'receiving ';
      if (known.length === 0) return `${whose}unknown`;
      return `${whose}${words(Math.min(...known))} to ${words(Math.max(...known))} in the last minute, now ${words(values.at(-1)?.value)}`;
    })
    .join('; ');
}
