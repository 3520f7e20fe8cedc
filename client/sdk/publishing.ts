import type { types } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';

type Sending = Pick<
  types.ProducerOptions,
  'encodings' | 'codecOptions' | 'disableTrackOnPause' | 'zeroRtpOnPause'
>;

const voice: Sending = {
  codecOptions: { opusDtx: true, opusFec: true, opusStereo: false },
  zeroRtpOnPause: true,
};

/** Three simulcast layers of a 1280 x 720 camera: 320 x 180, 640 x 360, 1280 x 720; bitrates in bit/s. */
const simulcast: Sending = {
  encodings: [
    { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
    { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
    { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: 'L1T3' },
  ],
  codecOptions: { videoGoogleStartBitrate: 1000 },
};

/** How each kind of track is sent. */
export const sending: Record<TrackSource, Sending> = {
  microphone: voice,
  screen_share_audio: { codecOptions: { opusStereo: true } },
  camera: simulcast,
  screen_share: { encodings: [{ maxBitrate: 2_500_000 }] },
};
