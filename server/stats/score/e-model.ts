/**
 * The E-model of ITU-T G.107 (06/2015), simplified: everything but delay, codec and packet loss has its default value, and
 * there is no echo, as browsers cancel it.
 *
 * @see https://www.itu.int/rec/T-REC-G.107
 */

/** The transmission rating without delay and loss: R0 - Is with the default values of G.107, table 3. */
const BEST_R = 93.2;

/** How a codec bears loss: Ie and Bpl of ITU-T G.113, appendix I. */
export interface CodecImpairment {
  /** Equipment impairment factor without loss (Ie). */
  impairment: number;
  /** Packet-loss robustness (Bpl): the more, the better it hides losses. */
  robustness: number;
}

/**
 * Impairment by one-way delay without echo (Idd): G.107, equations 7-27 and 7-28.
 *
 * @param oneWayMs Mouth to ear, in ms; up to 100 ms costs nothing.
 */
export function delayImpairment(oneWayMs: number): number {
  if (oneWayMs <= 100) return 0;
  const x = Math.log2(oneWayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/**
 * Impairment by a codec and the loss of its packets at random (Ie,eff with BurstR = 1): G.107, equation 7-29.
 *
 * @param lossRatio From 0 to 1.
 */
export function lossImpairment(lossRatio: number, { impairment, robustness }: CodecImpairment): number {
  const percent = 100 * lossRatio;
  return impairment + ((95 - impairment) * percent) / (percent + robustness);
}

/** The transmission rating R: from 0, useless, to 93.2. */
export function rating(oneWayMs: number, lossRatio: number, codec: CodecImpairment): number {
  return Math.max(0, BEST_R - delayImpairment(oneWayMs) - lossImpairment(lossRatio, codec));
}

/** The mean opinion score that people would give, from 1, bad, to 4.5, excellent: G.107, annex B. */
export function meanOpinionScore(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  // The formula falls below 1 for R under 6.5, where it is not meant for.
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}
