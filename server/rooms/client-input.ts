import { errors } from 'mediasoup';
import { AppError } from '../errors.ts';

/**
 * Runs a mediasoup call whose parameters a client sent. What mediasoup finds wrong with them is that client's error,
 * told with mediasoup's own words; a part that was closed meanwhile is `not_found`, a worker that ended `unavailable`.
 *
 * @throws {AppError} `bad_request`, `not_found` or `unavailable`; any other failure is thrown as it is.
 */
export async function fromClient<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof errors.NotFoundError) {
      throw new AppError('not_found', `The ${what} could not be used: something was closed meanwhile.`);
    }
    if (error instanceof errors.WorkerClosedError) {
      throw new AppError(
        'unavailable',
        `The ${what} could not be used: the media worker has ended. Join again.`,
      );
    }
    if (error instanceof TypeError || error instanceof errors.UnsupportedError) {
      throw new AppError('bad_request', `mediasoup refused the ${what}: ${error.message}`);
    }
    // The worker answers with a plain Error to what it finds wrong itself, such as an SSRC that is in use.
    if (error instanceof Error && error.constructor === Error) {
      throw new AppError('bad_request', `The media worker refused the ${what}: ${error.message}`);
    }
    throw error;
  }
}
