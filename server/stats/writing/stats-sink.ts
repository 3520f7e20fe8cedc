import type { Sample } from '../sample.ts';

/** Where samples are kept. */
export interface StatsSink {
  /**
   * Writes samples, and brings the rollups up to date with them: all or none. Written again, they change nothing, so that
   * what has an unknown end can be repeated.
   *
   * @throws {UnwritableSamplesError} where repeating cannot help; anything else where it can.
   */
  write(samples: readonly Sample[]): Promise<void>;
}

/** These samples cannot be written together, however often it is tried; some of them may be, without the others. */
export class UnwritableSamplesError extends Error {
  override readonly name = 'UnwritableSamplesError';
}
