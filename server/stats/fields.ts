import { gauges } from './sample.ts';

/** The figures of a series, by the names that the API has for them. Bitrates are bit/s, ratios 0 to 1. */
export const fields = [
  'upBitrateBps',
  'downBitrateBps',
  'upPackets',
  'downPackets',
  'upPacketsLost',
  'downPacketsLost',
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
