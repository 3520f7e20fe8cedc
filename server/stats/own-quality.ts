import type { NotificationData } from '../protocol/notifications.ts';
import { rounded } from './fields.ts';
import type { Counter, Figures, Gauge, Sample } from './sample.ts';

/** Of fewer packets of sound the loss of one says nothing: silence is sent as two or three a second. */
const LEAST_SOUND_PACKETS = 20;

/** What a participant is told of its own transports, by their samples of one interval. Undefined: nothing was carried. */
export function ownQualityOf(samples: readonly Sample[]): NotificationData<'quality'> | undefined {
  const whole = samples.filter(({ track }) => track === undefined);
  if (whole.length === 0) return undefined;
  const figures = whole.map((sample) => sample.figures);
  const data: NotificationData<'quality'> = {
    intervalMs: Math.max(...whole.map(({ intervalMs }) => intervalMs)),
  };
  const known = {
    upBitrateBps: bitrate(whole, 'upBytes'),
    downBitrateBps: bitrate(whole, 'downBytes'),
    upLossRatio: ratio(figures, 'upPacketsLost', 'upPackets', 1),
    downLossRatio: ratio(figures, 'downPacketsLost', 'downPackets', 1),
    upAudioLossRatio: ratio(figures, 'upAudioPacketsLost', 'upAudioPackets', LEAST_SOUND_PACKETS),
    downAudioLossRatio: ratio(figures, 'downAudioPacketsLost', 'downAudioPackets', LEAST_SOUND_PACKETS),
    upJitterMs: mean(figures, 'upJitterMs'),
    downJitterMs: mean(figures, 'downJitterMs'),
    rttMs: mean(figures, 'rttMs'),
  };
  for (const [name, value] of Object.entries(known) as [keyof typeof known, number | undefined][]) {
    if (value !== undefined) data[name] = rounded(name, value);
  }
  return data;
}

/** In bit/s, of all transports together. */
function bitrate(samples: readonly Sample[], bytes: 'upBytes' | 'downBytes'): number | undefined {
  const rates = samples.flatMap(({ figures, intervalMs }) => {
    const carried = figures[bytes];
    return carried === undefined ? [] : (carried * 8_000) / intervalMs;
  });
  return rates.length === 0 ? undefined : sum(rates);
}

/** @param least Of fewer packets it is not known, unless all arrived. */
function ratio(all: readonly Figures[], lost: Counter, of: Counter, least: number): number | undefined {
  const [losses, packets] = [values(all, lost), sum(values(all, of))];
  const missing = sum(losses);
  if (losses.length === 0 || packets <= 0 || (missing > 0 && packets < least)) return undefined;
  return Math.min(1, missing / packets);
}

function mean(all: readonly Figures[], gauge: Gauge): number | undefined {
  const known = values(all, gauge);
  return known.length === 0 ? undefined : sum(known) / known.length;
}

const values = (all: readonly Figures[], name: Counter | Gauge): number[] =>
  all.map((figures) => figures[name]).filter((value) => value !== undefined);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
