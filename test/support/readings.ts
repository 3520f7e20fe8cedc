import type { Reading, StreamReading } from '../../server/stats/measuring/reading.ts';
import type { SampledTrack } from '../../server/stats/sample.ts';

export const videoTrack: SampledTrack = { id: 'video', kind: 'video', source: 'camera', producerId: 'video' };
export const audioTrack: SampledTrack = {
  id: 'audio',
  kind: 'audio',
  source: 'microphone',
  producerId: 'audio',
};

/** A stream of which nothing is known but what is given. */
export const streamReading = (known: Partial<StreamReading> = {}): StreamReading => ({
  key: '1',
  track: videoTrack,
  bytes: 0,
  packetsSent: undefined,
  packetsReceived: undefined,
  packetsLost: undefined,
  nacks: undefined,
  plis: undefined,
  freezes: undefined,
  freezeMs: undefined,
  rttMs: undefined,
  jitterMs: undefined,
  score: undefined,
  fps: undefined,
  frameHeight: undefined,
  spatialLayer: undefined,
  temporalLayer: undefined,
  ...known,
});

/** The same of a transport. */
export const reading = (known: Partial<Reading> & Pick<Reading, 'at'>): Reading => ({
  upBytes: 0,
  downBytes: 0,
  rttMs: undefined,
  availableBps: undefined,
  protocol: undefined,
  candidateType: undefined,
  streams: [],
  ...known,
});
