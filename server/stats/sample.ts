import type { CandidateType, Direction, MediaKind, Protocol, TrackSource } from '../protocol/model.ts';

/** Who measured: the SFU, or the participant's browser. */
export const reporters = ['server', 'browser'] as const;
export type Reporter = (typeof reporters)[number];

/** What is counted in an interval; of several transports, or intervals, the sum. Up: from the participant to the server. */
export const counters = [
  /** Everything that UDP or TCP carried; of a track, RTP. */
  'upBytes',
  'downBytes',
  /** RTP packets that were sent, without those sent again: what arrived and what was lost. */
  'upPackets',
  'downPackets',
  /** What the network lost of them, also where it was sent again. */
  'upPacketsLost',
  'downPacketsLost',
  'upAudioPackets',
  'downAudioPackets',
  'upAudioPacketsLost',
  'downAudioPacketsLost',
  /** RTP of all videos; of whole transports alone. */
  'upVideoBytes',
  'downVideoBytes',
  'upNacks',
  'downNacks',
  'upPlis',
  'downPlis',
  /** Of received pictures. @see https://www.w3.org/TR/webrtc-stats/#dom-rtcinboundrtpstreamstats-freezecount */
  'freezes',
  'freezeMs',
] as const;
export type Counter = (typeof counters)[number];

/** What has a value at a time; over several, the mean. */
export const gauges = [
  /** Round-trip time. */
  'rttMs',
  'upJitterMs',
  'downJitterMs',
  /** mediasoup's, from 0 to 10; of a transport, its worst track's. */
  'score',
  /** The bandwidth that the sender estimates to have, in bit/s. */
  'upAvailableBps',
  'downAvailableBps',
  /** Frames per second; of a transport, the mean of its videos. */
  'upFps',
  'downFps',
  /** In pixels; of a transport, the mean of its videos. */
  'upFrameHeight',
  'downFrameHeight',
] as const;
export type Gauge = (typeof gauges)[number];

/** What was measured; what the reporter cannot know is not there. */
export type Figures = Partial<Record<Counter | Gauge, number>>;

/** A producer or a consumer. */
export interface SampledTrack {
  id: string;
  kind: MediaKind;
  source: TrackSource;
  /** Of a consumer, what it forwards; of a producer, its own id. */
  producerId: string;
}

/** What a transport, or one of its tracks, carried and lost in an interval. */
export interface Sample {
  sessionId: string;
  participantId: string;
  transportId: string;
  direction: Direction;
  /** Undefined: the whole transport. */
  track: SampledTrack | undefined;
  reporter: Reporter;
  /** When the interval ended, in ms since the epoch. */
  endedAt: number;
  /** How long it was, in ms, above 0. */
  intervalMs: number;
  figures: Figures;
  /** Of a transport: the way that it goes. */
  protocol: Protocol | undefined;
  /** Of the browser's end of that way. */
  candidateType: CandidateType | undefined;
  /** Of a consumer: the simulcast layers that are forwarded. */
  spatialLayer: number | undefined;
  temporalLayer: number | undefined;
}
