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

/**
 * A screen at full size, and at half of it for who has little bandwidth. A page that does not move costs little: it is
 * read at full size by everybody. In motion pictures are left out (temporal layers) before the size is halved.
 */
const screen: Sending = {
  encodings: [
    { scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
    { scaleResolutionDownBy: 1, maxBitrate: 2_500_000, scalabilityMode: 'L1T3' },
  ],
  codecOptions: { videoGoogleStartBitrate: 1000 },
};

/** Whatever a screen plays, music too: both channels, and no gaps where it is quiet; bitrate in bit/s. */
const screenSound: Sending = {
  codecOptions: { opusStereo: true, opusDtx: false, opusFec: true, opusMaxAverageBitrate: 128_000 },
};

/** How each kind of track is sent. */
export const sending: Record<TrackSource, Sending> = {
  microphone: voice,
  screen_share_audio: screenSound,
  camera: simulcast,
  screen_share: screen,
};
