import type { ErrorCode, ErrorDetail } from '../../server/protocol/errors.ts';

/** The server refused something, or could not be asked. */
export class SignallingError extends Error {
  override readonly name = 'SignallingError';
  /** The server's error code, or `unreachable` where there is no answer. */
  readonly code: ErrorCode | 'unreachable';
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode | 'unreachable', message: string, detail: ErrorDetail = {}) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

export function connectionLost(): SignallingError {
  return new SignallingError('unreachable', 'The connection to the server is lost at present. Try again.');
}

export function roomLeft(): SignallingError {
  return new SignallingError('not_joined', 'You are out of this room. Join it again to publish something.');
}

/** The server could not be asked: it may be reached again later. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof SignallingError && error.code === 'unreachable';
}

/** The server refused it for now: the same request may succeed later. */
export function isPassing(error: unknown): error is SignallingError {
  return error instanceof SignallingError && (error.code === 'unavailable' || error.code === 'rate_limited');
}

/** Why there is no camera, microphone or WebRTC. */
export type MediaProblem =
  | 'refused'
  | 'missing'
  | 'busy'
  | 'insecure'
  | 'unsupported'
  | 'failed'
  /** It was there, and was unplugged or taken away. */
  | 'ended';

/** A camera or microphone cannot be had. The message is a sentence for the one in front of it. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
  readonly problem: MediaProblem;

  constructor(problem: MediaProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}
