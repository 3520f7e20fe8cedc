import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { isUnreachable } from '../unreachable.ts';

/** Maps a failure of the ledger to `unavailable` if the database cannot be reached; any other error is returned as it is. */
export function unavailable(log: Logger, error: unknown): unknown {
  if (!isUnreachable(error)) return error;
  log.error({ err: error }, 'the slots cannot be reached');
  return noAnswer();
}

/** The refusal of what needs the ledger while it is out of reach. */
export const noAnswer = () =>
  new AppError('unavailable', 'The database that counts streams does not answer now. Try again soon.');
