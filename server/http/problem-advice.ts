import type { ErrorCode } from '../protocol/errors.ts';

/** What to do about each error. */
export const advice: Record<ErrorCode, string> = {
  bad_message:
    'Send one JSON object a frame, as the signalling protocol describes it. This is a fault of the client.',
  unknown_method: 'Look the method up in the signalling protocol; the server may be older than the client.',
  bad_request:
    'Read `detail`: it names the field and what does not fit. Sending the same again gives the same answer.',
  rate_limited: 'Wait for `retryAfterMs`, or `Retry-After` seconds, then go on more slowly.',
  not_joined: 'Send `join` and wait for its answer, then what was refused.',
  already_joined: 'Open another connection for another room, or leave this one first.',
  not_found: 'Look again what is there: it may have ended meanwhile, or be somebody else’s.',
  gone: 'Stop playing the stream. Start it anew where it is wanted still.',
  room_locked: 'Wait until a host unlocks the room, or ask one.',
  room_exists: 'Read the room of that name and use it, or create one of another name.',
  elsewhere: 'Send the request to the server that has the room open.',
  changed_meanwhile:
    'Read the resource again, apply the change to what it is now, and send that with the new `ETag`.',
  precondition_required:
    'Send `If-Match` with the `ETag` that you read, or `*` where former changes do not matter.',
  room_full: 'Try again when somebody has left, or have the room’s limit raised.',
  user_limit: 'Close another tab or leave another room of the same user, then try again.',
  address_limit:
    'Join a room that is open, or try again when somebody has left or a room has closed. Users with access tokens are not counted.',
  server_full: 'Try again later, or on another server.',
  too_many: 'Close a transport or a track that is not needed any more, then try again.',
  bitrate_exceeded: 'Lower the bitrate of the track, then publish it again after `retryAfterMs`.',
  stream_limit:
    'Show `conflicts` and let the user choose: send its `streamId` as `replace`, and that one ends first.',
  cannot_consume: 'Show the participant without a picture: this browser cannot decode what is sent.',
  unauthorized:
    'Get a new access token from your backend and send it by `Authorization: Bearer`. `detail` says what was wrong.',
  forbidden: 'Use a token with the grant that `detail` names, or one that is not bound to another room.',
  origin_not_allowed: 'Whoever runs the server adds the origin to `ALLOWED_ORIGINS`. `detail` names it.',
  unknown_host:
    'Use the address of the server that its pages are opened at. If it is this one, whoever runs the server sets `PUBLIC_URL` to it.',
  unavailable: 'Try again in a few seconds. Where it goes on, /readyz says which part is missing.',
  internal: 'Tell whoever runs the server: its log has the details. Trying again may help.',
};
