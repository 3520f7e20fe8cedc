import type { types } from 'mediasoup-client';
import { canReceive } from 'mediasoup-client/ortc';
import type { Consumer as ConsumerOffer } from '../../server/protocol/model.ts';
import { SignallingError } from './errors.ts';
import { forMediasoupClient } from './mediasoup-types.ts';

/**
 * Finds what this browser cannot receive before it is negotiated, which would cost the other tracks an interruption.
 * mediasoup-client compares payload types alone, so a video codec would pass for a sound.
 *
 * @throws {SignallingError} `cannot_consume`
 */
export function assertReceivable(offer: ConsumerOffer, capabilities: types.RtpCapabilities): void {
  const { kind, rtpParameters } = forMediasoupClient(offer);
  const [codec] = rtpParameters.codecs;
  if (codec && isKnown(codec, kind, capabilities) && isWellFormed(rtpParameters, capabilities)) return;
  throw new SignallingError(
    'cannot_consume',
    `This browser cannot receive ${codec?.mimeType ?? 'a track without a codec'} as ${kind}.`,
  );
}

function isKnown(
  { mimeType, payloadType, clockRate }: types.RtpCodecParameters,
  kind: types.MediaKind | undefined,
  { codecs = [] }: types.RtpCapabilities,
): boolean {
  const known = codecs.find(({ preferredPayloadType }) => preferredPayloadType === payloadType);
  return (
    known?.kind === kind &&
    known?.clockRate === clockRate &&
    known.mimeType.toLowerCase() === mimeType.toLowerCase()
  );
}

function isWellFormed(rtpParameters: types.RtpParameters, capabilities: types.RtpCapabilities): boolean {
  try {
    // It fills in what is missing.
    return canReceive(structuredClone(rtpParameters), capabilities);
  } catch {
    return false;
  }
}
