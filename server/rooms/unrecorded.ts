import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { isUnreachable } from '../unreachable.ts';

/** Maps a failure of the journal to `unavailable` if the database cannot be reached; any other error is returned as it is. */
export function unrecorded(log: Logger, error: unknown): unknown {
  if (!isUnreachable(error)) return error;
  log.error({ err: error }, 'the database did not record a call');
  return new AppError('unavailable', 'The database does not answer now. Try again in a few seconds.');
}
