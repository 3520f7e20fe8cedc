import { Type, type Static } from 'typebox';
import { Stream } from './model.ts';

/**
 * Every error that can stand on the wire: its stable identifier, what it means and the HTTP status that the
 * REST API gives with it. Identifiers are never renamed or reused; texts may change.
 */
export const errorCodes = {
  bad_message: { status: 400, meaning: 'The frame is not a JSON request of the form { id, method, data }.' },
  unknown_method: { status: 404, meaning: 'There is no method of that name.' },
  bad_request: {
    status: 400,
    meaning: 'The data does not fit the method, or mediasoup refused the parameters.',
  },
  rate_limited: {
    status: 429,
    meaning: 'Too many messages, joins, requests or connections. `retryAfterMs` says when to try again.',
  },
  not_joined: { status: 409, meaning: 'The method needs a room: send `join` first.' },
  already_joined: { status: 409, meaning: 'This connection has joined a room already. Open another one.' },
  not_found: {
    status: 404,
    meaning: 'There is nothing of that name or id, or it belongs to somebody else.',
  },
  gone: {
    status: 410,
    meaning: 'It is over. A stream holds no slot any more: its player has to stop. A room has ended.',
  },
  room_locked: { status: 403, meaning: 'The room is locked: nobody else gets in until a host unlocks it.' },
  room_exists: {
    status: 409,
    meaning: 'A room of that name is open already. Use it, or choose another name.',
  },
  elsewhere: {
    status: 421,
    meaning: 'The room is open on another server of the same database. Ask that one.',
  },
  changed_meanwhile: {
    status: 412,
    meaning: 'The ETag in `If-Match` is of a former state. Read it again, then change it.',
  },
  precondition_required: {
    status: 428,
    meaning: 'A change needs `If-Match` with the ETag that was read, or `*`.',
  },
  room_full: { status: 409, meaning: 'The room has as many participants as it may have (`limit`).' },
  user_limit: { status: 409, meaning: 'The user is in as many rooms and tabs as one user may be (`limit`).' },
  address_limit: {
    status: 409,
    meaning:
      'Guests of one address have as many rooms open, or are in rooms as often, as they may (`limit`). The message says which.',
  },
  server_full: {
    status: 503,
    meaning:
      'The server has as many rooms as it may have (`limit`), and none that may be closed for another one.',
  },
  too_many: {
    status: 409,
    meaning: 'The participant has as many transports or producers as it may have (`limit`).',
  },
  bitrate_exceeded: {
    status: 429,
    meaning:
      'A track of that source was closed because it sent more than one may (`limit` and `current` in bit/s). `retryAfterMs` says when another one is taken.',
  },
  stream_limit: {
    status: 409,
    meaning:
      'The user watches as many videos as one user may. `conflicts` says which; `replace` exchanges one.',
  },
  cannot_consume: {
    status: 409,
    meaning: 'The browser, by its RTP capabilities, cannot receive this producer.',
  },
  unauthorized: {
    status: 401,
    meaning: 'There is no valid access token. The message says what is wrong with it, and what to do.',
  },
  forbidden: { status: 403, meaning: 'The user may not do this.' },
  origin_not_allowed: {
    status: 403,
    meaning: 'The page that asks is of an origin that may not use the server. The message names the origin.',
  },
  unknown_host: {
    status: 421,
    meaning: 'The server is not known by the host name that was asked for. The message names it.',
  },
  unavailable: {
    status: 503,
    meaning: 'A part that is needed (a worker, the database) does not answer now. Try again.',
  },
  internal: {
    status: 500,
    meaning: 'A bug in the server. Its log has the details.',
  },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** An error as it stands in a response: the code for programs, the message for people, and what the code adds. */
export const ErrorBody = Type.Object(
  {
    code: Type.Unsafe<ErrorCode>(Type.Enum(Object.keys(errorCodes))),
    message: Type.String(),
    limit: Type.Optional(Type.Integer({ description: 'The limit that was reached.' })),
    current: Type.Optional(Type.Integer({ description: 'How many there are now.' })),
    conflicts: Type.Optional(Type.Array(Stream, { description: 'The streams that hold the slots.' })),
    retryAfterMs: Type.Optional(Type.Integer({ minimum: 0, description: 'Milliseconds to wait.' })),
  },
  { additionalProperties: false },
);
export type ErrorBody = Static<typeof ErrorBody>;

/** What an error may add to its code and message. */
export type ErrorDetail = Omit<ErrorBody, 'code' | 'message'>;
