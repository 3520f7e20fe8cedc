/** What is known of the pictures that somebody received. What is undefined is unknown. */
export interface VideoFigures {
  /** How often a picture stood still in the period. */
  freezes: number | undefined;
  /** How long, all of them together, in ms. */
  freezeMs: number | undefined;
  /** Frames per second. */
  fps: number | undefined;
  /** In pixels. */
  frameHeight: number | undefined;
  periodMs: number;
}

/** What each impairment leaves of the score: from 0, nothing, to 1, all of it. */
export interface VideoFactors {
  freezes: number;
  low_frame_rate: number;
  low_resolution: number;
}

/** Coefficients s1 and s2 of ITU-T P.1203.3 (10/2017), clause 8.4. */
const STALLS = 9.35158684;
const STALLED_SHARE = 0.91890815;

const MINUTE_MS = 60_000;
/** From here on movements look smooth. */
const SMOOTH_FPS = 20;
/** Pictures of at least this height cost nothing. */
const SHARP_HEIGHT = 720;
/** What it costs to halve the height once; it falls faster and faster. */
const PER_HALVING = 0.1;
const FALL = 1.7;

/**
 * What stalling leaves: ITU-T P.1203.3, equation 29, without its factor for the time between stalls, as it is not known
 * when each was. Stalls of a period longer than a minute count per minute, so that a call is not worse for being longer.
 */
function stalling(freezes = 0, freezeMs = 0, periodMs: number): number {
  const perMinute = freezes * Math.min(1, MINUTE_MS / periodMs);
  const share = Math.min(1, freezeMs / periodMs);
  return Math.exp(-perMinute / STALLS) * Math.exp(-share / STALLED_SHARE);
}

/** Ours: the root of the share of 20 frames per second. */
const smoothness = (fps = SMOOTH_FPS): number => Math.sqrt(Math.min(1, Math.max(0, fps) / SMOOTH_FPS));

/** Ours: by how often the height of 720 was halved: 1, and 0.90, 0.68, 0.35 for 360, 180, 90. */
function sharpness(height = SHARP_HEIGHT): number {
  const halvings = Math.max(0, Math.log2(SHARP_HEIGHT / Math.max(1, height)));
  return Math.max(0, 1 - PER_HALVING * halvings ** FALL);
}

/** What freezes, frame rate and resolution leave each; undefined where nothing is known. */
export function videoFactors({ freezes, freezeMs, fps, frameHeight, periodMs }: VideoFigures) {
  if ([freezes, freezeMs, fps, frameHeight].every((figure) => figure === undefined)) return undefined;
  return {
    freezes: stalling(freezes, freezeMs, periodMs),
    low_frame_rate: smoothness(fps),
    low_resolution: sharpness(frameHeight),
  } satisfies VideoFactors;
}

/** The score of pictures received, from 1 to 4.5. What is unknown costs nothing; without anything known there is none. */
export function videoScore(figures: VideoFigures): number | undefined {
  const factors = videoFactors(figures);
  return factors && 1 + 3.5 * factors.freezes * factors.low_frame_rate * factors.low_resolution;
}
