import type { types } from 'mediasoup';

let nextSsrc = 1_000_000;

/** RTP parameters of a microphone, as Chromium sends them; each call has an SSRC of its own. */
export function opus(): types.RtpParameters {
  return {
    mid: String(nextSsrc),
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1, usedtx: 1 },
      },
    ],
    headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 1 }],
    encodings: [{ ssrc: nextSsrc++ }],
    rtcp: { cname: 'test' },
  };
}

/** RTP parameters of a camera in three simulcast layers; each call has SSRCs of its own. */
export function vp8(): types.RtpParameters {
  return {
    mid: String(nextSsrc),
    codecs: [
      {
        mimeType: 'video/VP8',
        payloadType: 96,
        clockRate: 90_000,
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'transport-cc' }],
      },
      { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } },
    ],
    headerExtensions: [],
    encodings: Array.from({ length: 3 }, () => ({
      ssrc: nextSsrc++,
      rtx: { ssrc: nextSsrc++ },
      scalabilityMode: 'L1T3',
    })),
    rtcp: { cname: 'test' },
  };
}
