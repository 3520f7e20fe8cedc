import { errors } from 'mediasoup';
import { AppError } from '../errors.ts';
import { answered } from '../media/answered.ts';

/**
 * What mediasoup throws when a part has gone meanwhile, as it is told: a producer, consumer or transport that was closed
 * is `not_found`, a worker that has ended `unavailable`. Undefined for everything else.
 */
export function goneMeanwhile(error: unknown): AppError | undefined {
  if (error instanceof errors.NotFoundError) {
    return new AppError('not_found', 'A part of it was closed meanwhile.');
  }
  if (error instanceof errors.WorkerClosedError) {
    return new AppError('unavailable', 'The media worker has ended. Join again.');
  }
  return undefined;
}

/**
 * The worker reports some mistakes of a client as a plain Error, like its own failures: an SSRC or MID that is in use, a transport that
 * is already connected.
 */
const OF_THE_CLIENT = /already exists in RTP listener|connect\(\) already called/;

/**
 * Runs a mediasoup call whose parameters a client sent. What mediasoup finds wrong with them is that client's error,
 * told with mediasoup's own words.
 *
 * @throws {AppError} `bad_request`, `not_found` or `unavailable`; any other failure is thrown as it is.
 */
export async function fromClient<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await answered(call());
  } catch (error) {
    const gone = goneMeanwhile(error);
    if (gone) throw gone;
    if (error instanceof TypeError || error instanceof errors.UnsupportedError) {
      throw new AppError('bad_request', `mediasoup refused the ${what}: ${error.message}`);
    }
    if (error instanceof Error && OF_THE_CLIENT.test(error.message)) {
      throw new AppError('bad_request', `The media worker refused the ${what}: ${error.message}`);
    }
    throw error;
  }
}
