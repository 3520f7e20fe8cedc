import { Type, type Static } from 'typebox';
import { CandidateType, Exactly, Id, Protocol } from './model.ts';

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Bitrate = Type.Number({ minimum: 0, maximum: 1e12, description: 'In bit/s.' });
const Milliseconds = Type.Number({ minimum: 0, maximum: 60_000 });

/**
 * What a browser's statistics say of a track that it sends or receives: counters since it began, of all its layers together.
 *
 * @see https://www.w3.org/TR/webrtc-stats/
 */
export const ReportedTrack = Exactly({
  id: Type.Unsafe<string>({ ...Id, description: 'Of the producer or consumer.' }),
  bytes: Count,
  packetsReceived: Type.Optional(Type.Unsafe<number>({ ...Count, description: 'At the first try.' })),
  packetsLost: Type.Optional(Count),
  nacks: Type.Optional(Count),
  plis: Type.Optional(Count),
  rttMs: Type.Optional(Milliseconds),
  jitterMs: Type.Optional(Milliseconds),
  fps: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000 })),
  frameHeight: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  freezes: Type.Optional(Count),
  freezeMs: Type.Optional(Count),
});
export type ReportedTrack = Static<typeof ReportedTrack>;

/** The same of a transport, at one moment. */
export const ReportedTransport = Exactly({
  transportId: Id,
  atMs: Type.Number({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'When, by a clock of the client that never jumps.',
  }),
  bytesSent: Count,
  bytesReceived: Count,
  rttMs: Type.Optional(Milliseconds),
  availableBps: Type.Optional(
    Type.Unsafe<number>({
      ...Bitrate,
      description: 'For what is sent; of the transport for receiving it says nothing.',
    }),
  ),
  protocol: Type.Optional(Protocol),
  candidateType: Type.Optional(CandidateType),
  tracks: Type.Array(ReportedTrack, { maxItems: 250 }),
});
export type ReportedTransport = Static<typeof ReportedTransport>;
