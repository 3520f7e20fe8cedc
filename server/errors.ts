import { errorCodes, type ErrorCode, type ErrorDetail } from './protocol/errors.ts';

/**
 * An expected failure, to be told to whoever asked: over the socket as an error response, over HTTP as a problem.
 * Anything else that is thrown is a bug: it is logged with its stack and told as `internal`.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  /** @param message For people: what was wrong, with which value, and what to do. */
  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message);
    this.name = 'AppError';
    this.code = code;
    this.detail = detail;
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return errorCodes[this.code].status;
  }
}
