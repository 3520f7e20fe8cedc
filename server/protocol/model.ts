import type { types as mediasoup } from 'mediasoup';
import { Type, type Static, type TSchema } from 'typebox';

/** An object that mediasoup itself checks (RTP, DTLS, ICE): any object for us, typed for TypeScript. */
const Checked = <T>(description: string) =>
  Type.Unsafe<T>(Type.Object({}, { additionalProperties: true, description }));

/** Like `Type.Object`, and nothing beside the named properties. */
export const Exactly = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

/** One of several words. */
export const choice = <const Words extends readonly string[]>(words: Words, description?: string) =>
  Type.Unsafe<Words[number]>({ type: 'string', enum: [...words], ...(description && { description }) });

export const Id = Type.String({ minLength: 1, maxLength: 64, description: 'An opaque identifier.' });

export const RoomName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$',
  description: '1 to 64 letters, digits, `-` and `_`, beginning with a letter or digit.',
});

export const DisplayName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001F\\u007F]*$',
  description: '1 to 64 characters that can be seen, for show only.',
});

export const MediaKind = choice(['audio', 'video']);
export type MediaKind = Static<typeof MediaKind>;

export const TrackSource = choice(['camera', 'microphone', 'screen_share', 'screen_share_audio']);
export type TrackSource = Static<typeof TrackSource>;

export const Direction = choice(['send', 'recv']);
export type Direction = Static<typeof Direction>;

/** By which a path goes; to a relay, where there is one. */
export const Protocol = choice(['udp', 'tcp']);
export type Protocol = Static<typeof Protocol>;

/** Of an end of a path. @see https://www.rfc-editor.org/rfc/rfc8445#section-4 */
export const CandidateType = choice(['host', 'srflx', 'prflx', 'relay']);
export type CandidateType = Static<typeof CandidateType>;

export const RtpCapabilities = Checked<mediasoup.RtpCapabilities>('RTP capabilities, as mediasoup has them.');
export const RtpParameters = Checked<mediasoup.RtpParameters>('RTP parameters, as mediasoup has them.');
export const DtlsParameters = Checked<mediasoup.DtlsParameters>('DTLS parameters, as mediasoup has them.');
export const IceParameters = Checked<mediasoup.IceParameters>('ICE parameters, as mediasoup has them.');
export const IceCandidate = Checked<mediasoup.IceCandidate>('An ICE candidate, as mediasoup has it.');

export const Producer = Exactly({
  id: Id,
  kind: MediaKind,
  source: TrackSource,
  paused: Type.Boolean({ description: 'Its owner has muted it.' }),
});
export type Producer = Static<typeof Producer>;

export const Participant = Exactly({
  id: Id,
  displayName: DisplayName,
  producers: Type.Array(Producer),
});
export type Participant = Static<typeof Participant>;

export const Transport = Exactly({
  id: Id,
  iceParameters: IceParameters,
  iceCandidates: Type.Array(IceCandidate),
  dtlsParameters: DtlsParameters,
});
export type Transport = Static<typeof Transport>;

/** A relay for who cannot reach the server directly. @see https://www.w3.org/TR/webrtc/#dom-rtciceserver */
export const IceServer = Exactly({
  urls: Type.Array(Type.String()),
  username: Type.String(),
  credential: Type.String(),
});
export type IceServer = Static<typeof IceServer>;

export const Consumer = Exactly({
  id: Id,
  streamId: Type.Optional(Id),
  producerId: Id,
  kind: MediaKind,
  rtpParameters: RtpParameters,
  producerPaused: Type.Boolean(),
});
export type Consumer = Static<typeof Consumer>;

/** A video that holds one of the user's slots, as one of the user's participants sees it. */
export const Stream = Exactly({
  streamId: Id,
  label: Type.Optional(Type.String({ description: 'What a player outside says of it.' })),
  roomName: Type.Optional(RoomName),
  publisherName: Type.Optional(DisplayName),
  source: Type.Optional(TrackSource),
  where: choice(['this_tab', 'other_tab', 'other_room', 'other_device', 'outside']),
});
export type Stream = Static<typeof Stream>;

/** What a participant may do, by the grants of its user. */
export const Permissions = Exactly({
  publish: Type.Array(TrackSource, { description: 'The sources that may be published.' }),
  subscribe: Type.Boolean({ description: 'May receive what others publish.' }),
  admin: Type.Boolean({ description: 'May mute and remove others, lock the room and end it for all.' }),
});
export type Permissions = Static<typeof Permissions>;

export const SpatialLayer = Type.Integer({ minimum: 0, maximum: 7, description: '0 is the smallest.' });
export const TemporalLayer = Type.Integer({ minimum: 0, maximum: 7, description: '0 is the slowest.' });

export const LeaveReason = choice([
  'left',
  'disconnected',
  'removed',
  'room_closed',
  'worker_died',
  'server_stopped',
]);
export type LeaveReason = Static<typeof LeaveReason>;
