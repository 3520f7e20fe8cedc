import type { Reporter } from '../../server/stats/sample.ts';
import { median } from './median.ts';
import type { Way } from './network.ts';
import type { Ask } from './rest.ts';

/** What the API says of one way, over a whole period. */
export interface RecordedWay {
  packets: number;
  /** From 0 to 1; NaN where it is not known of all packets. */
  loss: number;
  /** In bit/s. */
  bitrate: number;
}

export interface Recorded extends Record<Way, RecordedWay> {
  /** The median of the steps; NaN where nothing is known. */
  rttMs: number;
}

export interface RecordedPeriod {
  /** In ms since the epoch, multiples of the step. */
  from: number;
  to: number;
  /** In seconds: below 15 it is made of samples, else of rollups. */
  step?: number;
  reporter?: Reporter;
}

const names = ['Packets', 'LossRatio', 'BitrateBps'] as const;
const FIELDS = [...(['up', 'down'] as const).flatMap((way) => names.map((name) => `${way}${name}`)), 'rttMs'];

/**
 * Asks the API what something was like.
 *
 * @param path What: `/rooms/{id}`, `/participants/{id}` or `/transports/{id}`.
 */
export async function recorded(ask: Ask, path: string, period: RecordedPeriod): Promise<Recorded> {
  const { from, to, step = 15, reporter = 'server' } = period;
  const query = new URLSearchParams({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step: String(step),
    reporter,
    fields: FIELDS.join(','),
  });
  const { status, body } = await ask('GET', `${path}/stats?${query.toString()}`);
  if (status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
  const { time, fields } = body as unknown as Answer;
  if (time[0] !== from / 1000 || time.length !== (to - from) / step / 1000) {
    throw new Error(`${path}: not the steps that were asked for: ${time.join(', ')}`);
  }
  const way = (way: Way): RecordedWay => {
    const [packets, losses, bitrates] = names.map((name) => fields[`${way}${name}`] ?? []);
    return {
      packets: sum(packets),
      loss: sum(packets?.map((count, at) => (count ? count * (losses?.[at] ?? NaN) : 0))) / sum(packets),
      bitrate: mean(bitrates),
    };
  };
  return { up: way('up'), down: way('down'), rttMs: median(known(fields['rttMs'])) };
}

interface Answer {
  /** In seconds since the epoch. */
  time: number[];
  fields: Record<string, (number | null)[]>;
}

const known = (values: (number | null)[] = []): number[] => values.filter((value) => value !== null);

const sum = (values: (number | null)[] | undefined): number =>
  known(values).reduce((total, value) => total + value, 0);

const mean = (values: (number | null)[] | undefined): number => sum(values) / known(values).length;
