import type { Params } from '../../server/protocol/methods.ts';
import type { JoinedPeer } from './peer.ts';
import { opus, vp8 } from './rtp.ts';

/** What a peer asks for to publish its camera. */
export const camera = ({ send }: JoinedPeer): Params<'produce'> => ({
  transportId: send.id,
  kind: 'video',
  source: 'camera',
  rtpParameters: vp8(),
});

/** What a peer asks for to publish its microphone. */
export const microphone = ({ send }: JoinedPeer): Params<'produce'> => ({
  transportId: send.id,
  kind: 'audio',
  source: 'microphone',
  rtpParameters: opus(),
});
