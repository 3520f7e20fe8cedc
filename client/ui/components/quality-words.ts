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

export function bitrateWords(bps: number | undefined): string {
  if (bps === undefined) return UNKNOWN;
  if (bps >= 999_500) return `${(bps / 1e6).toFixed(bps < 9_950_000 ? 1 : 0)} Mbit/s`;
  return `${Math.round(bps / 1000)} kbit/s`;
}

/** A loss that there is is never told as none. */
export function lossWords(ratio: number | undefined): string {
  if (ratio === undefined) return UNKNOWN;
  const percent = 100 * ratio;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent === 0 ? 0 : percent.toFixed(percent < 9.95 ? 1 : 0)} %`;
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
