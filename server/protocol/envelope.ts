import { Type, type Static } from 'typebox';
import { ErrorBody } from './errors.ts';

/** Client to server: a call of a method. The client numbers its requests; the answer carries the same `id`. */
export const Request = Type.Object(
  {
    id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    method: Type.String({ maxLength: 64 }),
    data: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);
export type Request = Static<typeof Request>;

/** Server to client: the answer to one request. A frame whose id could not be read is answered with `id: null`. */
export const Response = Type.Union([
  Type.Object(
    { id: Type.Integer(), ok: Type.Literal(true), data: Type.Unknown() },
    { additionalProperties: false },
  ),
  Type.Object(
    { id: Type.Union([Type.Integer(), Type.Null()]), ok: Type.Literal(false), error: ErrorBody },
    { additionalProperties: false },
  ),
]);
export type Response = Static<typeof Response>;

/** Why the server ended a socket, beside the codes of RFC 6455, section 7.4.1. */
export const closeCodes = {
  /** The server stops; come back, to it or to another one. */
  serverStopped: 1001,
  /** A frame over the size limit. */
  tooLarge: 1009,
  /** The client went on sending far beyond the rate limit. */
  flood: 4008,
  /** The client came back over another connection. */
  superseded: 4009,
  /** The room was closed under its participants; its notification said why. */
  roomClosed: 4010,
  /** The access token has expired without another in its place, or was revoked. */
  tokenEnded: 4011,
  /** The connection was in no room for too long. */
  notJoined: 4012,
} as const;
