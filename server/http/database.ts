import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';

/** What the database answers. @throws {AppError} `unavailable` where it does not, which is logged; one that `answer` has thrown. */
export async function fromDatabase<T>(request: FastifyRequest, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError) throw error;
    request.log.error({ err: error }, 'the database did not answer a request');
    throw new AppError('unavailable', 'The database does not answer now. Try again in a few seconds.');
  }
}
