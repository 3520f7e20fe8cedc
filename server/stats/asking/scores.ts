import type { Field } from '../fields.ts';
import { AUDIO_PACKETS_MIN } from '../score/audio-score.ts';
import { scoreOf, type ScoreReason } from '../score/score.ts';

const MINUTE_MS = 60_000;

/** What scores are made of. */
export const scoredFields = [
  'upAudioPackets',
  'downAudioPackets',
  'upAudioLossRatio',
  'downAudioLossRatio',
  'upJitterMs',
  'downJitterMs',
  'rttMs',
  'freezes',
  'freezeMs',
  'downFps',
  'downFrameHeight',
] as const satisfies readonly Field[];
type ScoredField = (typeof scoredFields)[number];

/** Somebody's scores, one a minute; null where nothing can be judged. */
export interface Scores {
  score: (number | null)[];
  audio: (number | null)[];
  video: (number | null)[];
  reason: (ScoreReason | null)[];
  /** Undefined where there is no score at all. */
  mean: number | undefined;
  lowest: number | undefined;
}

/**
 * The scores of somebody's minutes.
 *
 * @param count How many minutes there are.
 * @param columns What is known of them.
 */
export function scoresOf(
  count: number,
  columns: Partial<Record<ScoredField, readonly (number | null)[]>>,
): Scores {
  const minutes = Array.from({ length: count }, (_, index) => scoreOf(figuresAt(index, columns), MINUTE_MS));
  const known = minutes.flatMap(({ score }) => score ?? []);
  const mean = known.reduce((sum, score) => sum + score, 0) / known.length;
  return {
    score: minutes.map(({ score }) => score ?? null),
    audio: minutes.map(({ audio }) => audio ?? null),
    video: minutes.map(({ video }) => video ?? null),
    reason: minutes.map(({ reason }) => reason ?? null),
    mean: known.length === 0 ? undefined : Math.round(mean * 100) / 100,
    lowest: known.length === 0 ? undefined : Math.min(...known),
  };
}

/** What is known of a minute, without the loss of sound that hardly was. */
function figuresAt(index: number, columns: Partial<Record<ScoredField, readonly (number | null)[]>>) {
  const at = (field: ScoredField) => columns[field]?.[index] ?? undefined;
  const lossOf = (packets: ScoredField, loss: ScoredField) =>
    (at(packets) ?? 0) < AUDIO_PACKETS_MIN ? undefined : at(loss);
  return {
    upAudioLossRatio: lossOf('upAudioPackets', 'upAudioLossRatio'),
    downAudioLossRatio: lossOf('downAudioPackets', 'downAudioLossRatio'),
    upJitterMs: at('upJitterMs'),
    downJitterMs: at('downJitterMs'),
    rttMs: at('rttMs'),
    freezes: at('freezes'),
    freezeMs: at('freezeMs'),
    downFps: at('downFps'),
    downFrameHeight: at('downFrameHeight'),
  };
}
