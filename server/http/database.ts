import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { isUnreachable } from '../unreachable.ts';

/**
 * Waits for an answer of the database.
 *
 * @throws {AppError} `unavailable` where it cannot be reached, which is logged; and whatever else `answer` throws.
 */
export async function fromDatabase<T>(request: FastifyRequest, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    request.log.error({ err: error }, 'the database did not answer a request');
    throw new AppError('unavailable', 'The database does not answer now. Try again in a few seconds.');
  }
}
