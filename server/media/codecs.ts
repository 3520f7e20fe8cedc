import { ortc, type types } from 'mediasoup';

/** What every router speaks: Opus for sound, VP8 for pictures, which all browsers send in simulcast. */
export const mediaCodecs: types.RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
  {
    kind: 'video',
    mimeType: 'video/VP8',
    clockRate: 90_000,
    parameters: { 'x-google-start-bitrate': 1000 },
  },
];

/** The RTP capabilities of every router, so that a client can prepare itself before it is in a room. */
export const routerRtpCapabilities = ortc.generateRouterRtpCapabilities(mediaCodecs);
