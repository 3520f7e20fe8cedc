/** The delays of an exponential back-off. */
export interface BackOff {
  /** The first wait, in ms; each one after it is twice as long. */
  firstMs: number;
  /** The longest wait, in ms. */
  mostMs: number;
}

/**
 * The wait before a try, in ms: doubled with each failure, and cut by up to a half at random, so that those who failed
 * together do not come back together.
 *
 * @param failures How often it has failed, from 1.
 * @param random From 0 to 1.
 */
export function backOff(
  failures: number,
  { firstMs, mostMs }: BackOff,
  random: () => number = Math.random,
): number {
  return Math.min(firstMs * 2 ** (failures - 1), mostMs) * (1 - random() / 2);
}
