import type { Grade, QualityPoint, ScoreReason } from '../../sdk/index.ts';

export const gradeWords = (grade: Grade | undefined): string => grade ?? 'unknown';

/** What is wrong, as a sentence, for whom a score of one's own connection is told. */
const ownReasons: Record<ScoreReason, string> = {
  up_loss: 'Sound that you send is lost on the way to the server.',
  down_loss: 'Sound is lost on the way to you.',
  delay: 'Sound takes long to the server and back.',
  freezes: 'Pictures stand still on the way to you.',
  low_frame_rate: 'Few pictures a second arrive.',
  low_resolution: 'Pictures arrive small.',
};

/** The same of what arrives of somebody else. */
const othersReasons: Record<ScoreReason, string> = {
  up_loss: 'Their sound is lost on the way to the server.',
  down_loss: 'Their sound is lost on the way to you.',
  delay: 'What they say arrives late.',
  freezes: 'Their picture stands still now and then.',
  low_frame_rate: 'Few pictures a second arrive of them.',
  low_resolution: 'Their picture arrives small.',
};

export function reasonWords(reason: ScoreReason, you: boolean): string {
  return (you ? ownReasons : othersReasons)[reason];
}

const UNKNOWN = '–';

/** @param bps In bit/s. */
export function bitrateWords(bps: number | null | undefined): string {
  if (bps === undefined || bps === null) return UNKNOWN;
  if (bps >= 999_500) return `${(bps / 1e6).toFixed(bps < 9_995_000 ? 2 : 1)} Mbit/s`;
  return `${Math.round(bps / 1000)} kbit/s`;
}

/** A loss that there is is never told as none. @param ratio From 0 to 1. */
export function lossWords(ratio: number | null | undefined): string {
  if (ratio === undefined || ratio === null) return UNKNOWN;
  if (ratio > 0 && ratio < 0.001) return '< 0.1 %';
  return `${Number((100 * ratio).toFixed(1))} %`;
}

export function timeWords(ms: number | undefined): string {
  return ms === undefined ? UNKNOWN : `${Math.round(ms)} ms`;
}

/** Of a picture: how many lines it has, and how often it is another one. */
export function pictureWords(height: number | undefined, fps: number | undefined): string {
  const parts = [
    ...(height === undefined ? [] : [`${height}p`]),
    ...(fps === undefined ? [] : [`${Math.round(fps)} frames/s`]),
  ];
  return parts.length === 0 ? UNKNOWN : parts.join(', ');
}

/** How often a picture stood still in the last minute, and how long. */
export function freezeWords(points: readonly QualityPoint[]): string {
  const known = points.filter(({ freezes }) => freezes !== undefined);
  if (known.length === 0) return UNKNOWN;
  const freezes = known.reduce((sum, point) => sum + (point.freezes ?? 0), 0);
  const ms = known.reduce((sum, point) => sum + (point.freezeMs ?? 0), 0);
  return freezes === 0 ? 'none in 1 min' : `${freezes} in 1 min, ${(ms / 1000).toFixed(1)} s`;
}
