import type { types } from 'mediasoup-client';
import type { Consumer, Transport } from '../../server/protocol/model.ts';

/**
 * mediasoup and mediasoup-client declare the same wire objects in two packages, and their lists of known RTP header
 * extensions differ by a name or two. This is the one place where a server's object becomes the client's.
 */
export function forMediasoupClient(offer: Transport): types.TransportOptions;
export function forMediasoupClient(offer: Consumer): types.ConsumerOptions;
export function forMediasoupClient(offer: unknown): unknown {
  return offer;
}
