import { audioScore, type AudioFigures } from './audio-score.ts';
import { videoFactors, videoScore } from './video-score.ts';

/** What can pull a score down. */
export const scoreReasons = [
  'up_loss',
  'down_loss',
  'delay',
  'freezes',
  'low_frame_rate',
  'low_resolution',
] as const;
export type ScoreReason = (typeof scoreReasons)[number];

export const grades = ['good', 'fair', 'poor'] as const;
export type Grade = (typeof grades)[number];

/** From here on a score is good: nobody complains, and no reason is given. */
export const GOOD_SCORE = 4;
/** Under it a score is poor: many complain. */
export const FAIR_SCORE = 3;

/** What of somebody's figures makes their score. What is missing is unknown. */
export interface ScoredFigures {
  /** Packets lost, from 0 to 1. */
  upAudioLossRatio?: number | undefined;
  downAudioLossRatio?: number | undefined;
  upJitterMs?: number | undefined;
  downJitterMs?: number | undefined;
  rttMs?: number | undefined;
  freezes?: number | undefined;
  freezeMs?: number | undefined;
  downFps?: number | undefined;
  downFrameHeight?: number | undefined;
}

/** From 1, bad, to 4.5, excellent. What is missing could not be judged. */
export interface Score {
  /** The worse of both. */
  score?: number;
  /** The worse of how others hear them, and how they hear. */
  audio?: number;
  /** How they see others. */
  video?: number;
  /** What pulled the worse one down most, where it is not good. */
  reason?: ScoreReason;
}

/**
 * What a participant's call was like in a period, and what pulled it down. Scores have two decimals.
 *
 * @param periodMs Above 0.
 */
export function scoreOf(figures: ScoredFigures, periodMs: number): Score {
  const heard = hearing(figures);
  const seen = seeing(figures, periodMs);
  const worse = worst([heard, seen]);
  if (!worse) return {};
  const score = rounded(worse.score);
  return {
    score,
    ...(heard && { audio: rounded(heard.score) }),
    ...(seen && { video: rounded(seen.score) }),
    ...(score < GOOD_SCORE && { reason: worse.reason() }),
  };
}

export const gradeOf = (score: number): Grade =>
  score >= GOOD_SCORE ? 'good' : score >= FAIR_SCORE ? 'fair' : 'poor';

const rounded = (score: number) => Math.round(score * 100) / 100;

interface Judged {
  score: number;
  reason: () => ScoreReason;
}

const worst = (all: (Judged | undefined)[]): Judged | undefined =>
  all.reduce((one, other) => (one && !(other && other.score < one.score) ? one : other), undefined);

const hearing = (of: ScoredFigures): Judged | undefined =>
  worst([
    judgeSound({ lossRatio: of.upAudioLossRatio, rttMs: of.rttMs, jitterMs: of.upJitterMs }, 'up_loss'),
    judgeSound({ lossRatio: of.downAudioLossRatio, rttMs: of.rttMs, jitterMs: of.downJitterMs }, 'down_loss'),
  ]);

function judgeSound(way: AudioFigures, loss: ScoreReason): Judged | undefined {
  const score = audioScore(way);
  if (score === undefined) return undefined;
  return {
    score,
    reason: () => {
      const withoutLoss = audioScore({ ...way, lossRatio: 0 }) ?? score;
      const withoutDelay = audioScore({ ...way, rttMs: 0, jitterMs: 0 }) ?? score;
      return withoutLoss >= withoutDelay ? loss : 'delay';
    },
  };
}

function seeing(
  { freezes, freezeMs, downFps, downFrameHeight }: ScoredFigures,
  periodMs: number,
): Judged | undefined {
  const figures = { freezes, freezeMs, fps: downFps, frameHeight: downFrameHeight, periodMs };
  const [score, factors] = [videoScore(figures), videoFactors(figures)];
  if (score === undefined || !factors) return undefined;
  return {
    score,
    // They multiply: without the least of them the score rises most.
    reason: () => {
      const { freezes: stalls, low_frame_rate: frames, low_resolution: pixels } = factors;
      if (stalls <= frames && stalls <= pixels) return 'freezes';
      return frames <= pixels ? 'low_frame_rate' : 'low_resolution';
    },
  };
}
