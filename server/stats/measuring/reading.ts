import type { Direction } from '../../protocol/model.ts';
import type { Reporter, Sample, SampledTrack } from '../sample.ts';

/** One RTP stream of a track at a moment: counters since it began, and what holds now. */
export interface StreamReading {
  /** Tells the streams of a track apart: the layers of simulcast are one each. */
  key: string;
  track: SampledTrack;
  bytes: number;
  /** At the end that sends: packets without those sent again; undefined at the other end. */
  packetsSent: number | undefined;
  /** At the end that receives: packets that came at the first try; undefined at the other end. */
  packetsReceived: number | undefined;
  /** What the network lost; undefined: not known. It may go back, when what was late comes after all. */
  packetsLost: number | undefined;
  nacks: number | undefined;
  plis: number | undefined;
  freezes: number | undefined;
  freezeMs: number | undefined;
  rttMs: number | undefined;
  jitterMs: number | undefined;
  score: number | undefined;
  fps: number | undefined;
  frameHeight: number | undefined;
  spatialLayer: number | undefined;
  temporalLayer: number | undefined;
}

/** A transport and its streams at a moment, as one reporter sees them. */
export interface Reading {
  /** By a clock that never jumps, in ms; readings of a transport have the same one. */
  at: number;
  upBytes: number;
  downBytes: number;
  /** Of the transport itself; undefined: what its streams say. */
  rttMs: number | undefined;
  availableBps: number | undefined;
  protocol: Sample['protocol'];
  candidateType: Sample['candidateType'];
  streams: readonly StreamReading[];
}

/** Whose readings they are. */
export interface Measured {
  sessionId: string;
  participantId: string;
  transportId: string;
  direction: Direction;
  reporter: Reporter;
}
