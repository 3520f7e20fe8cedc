import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { MAX_VIDEO_STREAMS, type Grants } from '../protocol/grants.ts';
import { DisplayName, RoomName, TrackSource } from '../protocol/model.ts';

/** Seconds since the epoch, up to the year 9999. @see https://www.rfc-editor.org/rfc/rfc7519#section-2 */
const NumericDate = Type.Number({ minimum: 0, maximum: 253_402_300_799 });
const Flag = Type.Optional(Type.Boolean());

const Subject = Type.Refine(
  Type.String(),
  (text) => /^(?!guest:)[^\p{Cc}\p{Cs}]{1,128}$/u.test(text),
  () => 'must be 1 to 128 characters, none of them a control character, and not begin with `guest:`',
);

const displayName = Compile(DisplayName);
const Name = Type.Refine(
  Type.String(),
  (text) => displayName.Check(text),
  () => 'must be 1 to 64 characters that can be seen',
);

const VideoGrant = Type.Object({
  roomJoin: Flag,
  room: Type.Optional(RoomName),
  canPublish: Flag,
  canSubscribe: Flag,
  canPublishData: Flag,
  canPublishSources: Type.Optional(Type.Array(TrackSource, { minItems: 1 })),
  roomCreate: Flag,
  roomList: Flag,
  roomAdmin: Flag,
  hidden: Flag,
  maxVideoStreams: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_VIDEO_STREAMS })),
  onLimit: Type.Optional(Type.Enum(['reject', 'replace_oldest'])),
  statsRead: Flag,
  streamsWrite: Flag,
});

/** What an access token says; what else it says is passed over. */
const Claims = Type.Object({
  sub: Subject,
  name: Type.Optional(Name),
  exp: NumericDate,
  nbf: Type.Optional(NumericDate),
  iat: Type.Optional(NumericDate),
  jti: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  video: Type.Optional(VideoGrant),
});
export type Claims = Static<typeof Claims>;
export type VideoGrant = Static<typeof VideoGrant>;

const validator = Compile(Claims);

/** The claims, or which of them is wrong, and how. */
export function readClaims(payload: unknown): Claims | { wrong: string } {
  if (validator.Check(payload)) return payload;
  const [first] = validator.Errors(payload);
  const claim = first?.instancePath.slice(1).replaceAll('/', '.');
  const complaint = first?.message ?? 'are wrong';
  return { wrong: claim ? `its claim \`${claim}\` ${complaint}` : `its claims ${complaint}` };
}

/** Grants with LiveKit's defaults: who may join may publish and subscribe, all else has to be granted. */
export function grantsOf(video: VideoGrant = {}): Grants {
  return {
    roomJoin: video.roomJoin ?? false,
    room: video.room,
    canPublish: video.canPublish ?? true,
    canSubscribe: video.canSubscribe ?? true,
    canPublishData: video.canPublishData ?? true,
    canPublishSources: video.canPublishSources,
    roomCreate: video.roomCreate ?? false,
    roomList: video.roomList ?? false,
    roomAdmin: video.roomAdmin ?? false,
    hidden: video.hidden ?? false,
    maxVideoStreams: video.maxVideoStreams,
    onLimit: video.onLimit ?? 'reject',
    statsRead: video.statsRead ?? false,
    streamsWrite: video.streamsWrite ?? false,
  };
}
