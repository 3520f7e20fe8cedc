import { scoreOf, type Score } from '../../server/stats/score/score.ts';

export { gradeOf, type Grade, type Score, type ScoreReason } from '../../server/stats/score/score.ts';

/**
 * What was measured of a connection in one interval; what is unknown is not there. Up is from oneself to the server, down
 * is to oneself. Of somebody else it is what arrives of them.
 */
export interface QualityFigures {
  /** In bit/s. */
  upBitrateBps?: number;
  downBitrateBps?: number;
  /** Packets that the network lost, from 0 to 1. */
  upLossRatio?: number;
  downLossRatio?: number;
  /** The same of sound alone. */
  upAudioLossRatio?: number;
  downAudioLossRatio?: number;
  upJitterMs?: number;
  downJitterMs?: number;
  /** From oneself to the server and back. */
  rttMs?: number;
  /** Of the camera: frames per second, and height in pixels. */
  upFps?: number;
  downFps?: number;
  upFrameHeight?: number;
  downFrameHeight?: number;
  /** The same of a shared screen. */
  upScreenFps?: number;
  downScreenFps?: number;
  upScreenHeight?: number;
  downScreenHeight?: number;
  /** How often, and how long, in ms, the camera's picture stood still. */
  freezes?: number;
  freezeMs?: number;
}

/** What a connection was like in one interval. Without `score` it cannot be said. */
export interface QualityPoint extends QualityFigures, Score {
  /** When the interval ended, in ms since the epoch, by a clock that never jumps. */
  at: number;
  /** How long it was, in ms. */
  periodMs: number;
}

/** @param atMs By `performance.now()`. */
export function pointOf(figures: QualityFigures, atMs: number, periodMs: number): QualityPoint {
  return { at: performance.timeOrigin + atMs, periodMs, ...figures, ...scoreOf(figures, periodMs) };
}

/** What is known of them. */
export const known = (figures: {
  [Name in keyof QualityFigures]: QualityFigures[Name] | undefined;
}): QualityFigures => Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
