import type { types } from 'mediasoup';
import type { Consumer } from '../protocol/model.ts';

/** What a client needs to receive a consumer. */
export function offerOf({ id, producerId, kind, rtpParameters, producerPaused }: types.Consumer): Consumer {
  return { id, producerId, kind, rtpParameters, producerPaused };
}
