import { AppError } from '../errors.ts';

/** How long a worker may take to answer a request, in ms. */
const ANSWER_MS = 5_000;

/**
 * Waits for a worker's answer to a request, but not for ever: mediasoup sets no deadline, and a worker that hangs never
 * answers. What it makes after the deadline is closed again.
 *
 * @param ms How long it may take, in ms.
 * @throws {AppError} `unavailable` after the deadline; before it, whatever the request throws.
 */
export async function answered<T>(request: Promise<T>, ms = ANSWER_MS): Promise<T> {
  let isLate = false;
  const closed = request.then((result) => {
    if (isLate && isClosable(result)) result.close();
    return result;
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // Where this process stood still the answer may be here, and unread: it is read before an immediate runs.
      setImmediate(() => {
        isLate = true;
        reject(
          new AppError('unavailable', 'The media worker does not answer now. Try again in a few seconds.'),
        );
      });
    }, ms);
  });
  try {
    return await Promise.race([closed, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function isClosable(made: unknown): made is { close: () => void } {
  return typeof made === 'object' && made !== null && 'close' in made && typeof made.close === 'function';
}
