import { AppError } from '../errors.ts';

type Limit = 'room_full' | 'user_limit' | 'address_limit' | 'server_full';

/**
 * Refuses one more than may be.
 *
 * @param advice What to do about it.
 * @throws {AppError} with `limit` and `current`.
 */
export function refuseAt(limit: number, current: number, code: Limit, message: string, advice = ''): void {
  if (current < limit) return;
  const text = `${message} (${current} of ${limit}). ${advice}`.trim();
  throw new AppError(code, text, { limit, current });
}
