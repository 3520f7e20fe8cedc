import { gauges, type Reporter } from './sample.ts';

/** The figures of a series, by the names that the API has for them. Bitrates are bit/s, ratios 0 to 1. */
export const fields = [
  'upBitrateBps',
  'downBitrateBps',
  'upPackets',
  'downPackets',
  'upPacketsLost',
  'downPacketsLost',
  'upAudioPackets',
  'downAudioPackets',
  'upLossRatio',
  'downLossRatio',
  'upAudioLossRatio',
  'downAudioLossRatio',
  'upNacks',
  'downNacks',
  'upPlis',
  'downPlis',
  'freezes',
  'freezeMs',
  ...gauges,
] as const;
export type Field = (typeof fields)[number];

/** What a track has as well: the simulcast layers of a consumer, 0 the smallest; over a time, the mean. */
export const trackFields = [...fields, 'spatialLayer', 'temporalLayer'] as const;
export type TrackField = (typeof trackFields)[number];

/** What one gets without asking for more: all but the counts of packets, which say little without each other. */
export const usualFields: readonly Field[] = fields.filter((field) => !countsPackets(field));

/** What the other one cannot know. */
const byBrowsers: readonly TrackField[] = [
  // Who sends estimates it.
  'upAvailableBps',
  'upFps',
  'downFps',
  'upFrameHeight',
  'downFrameHeight',
  'freezes',
  'freezeMs',
];

const byServer: readonly TrackField[] = ['spatialLayer', 'temporalLayer', 'downAvailableBps'];

/** Whose figures are taken, the first who has one, where a reporter is preferred. */
export function sourcesOf(field: TrackField, preferred: Reporter): Reporter[] {
  if (byBrowsers.includes(field)) return ['browser'];
  if (byServer.includes(field)) return ['server'];
  return field === 'rttMs' && preferred === 'server' ? ['server', 'browser'] : [preferred];
}

/** What a figure is told in: bit/s whole, ratios in millionths, all else in hundredths. Nobody measures more than that. */
export function partsOf(field: TrackField): number {
  if (field.endsWith('Bps')) return 1;
  return field.endsWith('Ratio') ? 1_000_000 : 100;
}

/** A figure without the digits that nobody measures. */
export function rounded(field: TrackField, value: number): number {
  const parts = partsOf(field);
  return Math.round(value * parts) / parts;
}

/** Whether a figure is a count of packets. */
export function countsPackets(field: TrackField): boolean {
  return /Packets|Nacks|Plis/.test(field);
}
