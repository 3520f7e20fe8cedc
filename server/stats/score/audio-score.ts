import { meanOpinionScore, rating, type CodecImpairment } from './e-model.ts';

/**
 * Opus with its packet loss concealment. ITU-T G.113 has no values for it: these are G.711's with concealment, at random
 * loss (appendix I, table I.4), which Opus is at least as good as.
 */
const opus: CodecImpairment = { impairment: 0, robustness: 25.1 };

/** A packet of 20 ms, and the 6.5 ms that the encoder looks ahead (RFC 6716). */
const CODEC_MS = 26.5;
/** A jitter buffer holds about twice the jitter, and a packet at least. */
const BUFFER_PER_JITTER = 2;
const BUFFER_MIN_MS = 20;

/**
 * Of fewer packets in a minute no loss is told: a single one would be 3 %. Somebody silent sends 2.5 a second (DTX), which is
 * enough; somebody muted sends none.
 */
export const AUDIO_PACKETS_MIN = 30;

/** One way of somebody's sound, to the server or from it. What is undefined is unknown. */
export interface AudioFigures {
  /** Packets lost, from 0 to 1. */
  lossRatio: number | undefined;
  rttMs: number | undefined;
  jitterMs: number | undefined;
}

/** Mouth to ear, in ms: half the round trip, the jitter buffer, the packet and its codec. */
export const oneWayDelayMs = (rttMs = 0, jitterMs = 0): number =>
  rttMs / 2 + Math.max(BUFFER_MIN_MS, BUFFER_PER_JITTER * jitterMs) + CODEC_MS;

/**
 * The mean opinion score of a way of sound by the simplified E-model, from 1 to 4.41. An unknown delay costs nothing;
 * without a known loss there is none, as nothing says that there was sound.
 */
export function audioScore({ lossRatio, rttMs, jitterMs }: AudioFigures): number | undefined {
  if (lossRatio === undefined) return undefined;
  return meanOpinionScore(rating(oneWayDelayMs(rttMs, jitterMs), lossRatio, opus));
}
