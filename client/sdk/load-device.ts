import { detectDeviceAsync, Device, type types } from 'mediasoup-client';

/**
 * Makes the mediasoup device, which knows what this browser can send and receive.
 *
 * @param handlerFactory The WebRTC implementation, where mediasoup-client does not detect one.
 * @returns undefined without WebRTC.
 */
export async function loadDevice(
  routerRtpCapabilities: unknown,
  handlerFactory?: types.HandlerFactory,
): Promise<Device | undefined> {
  const handler = handlerFactory ? { handlerFactory } : await detected();
  if (!handler) return undefined;
  const device = await Device.factory(handler);
  await device.load({ routerRtpCapabilities: routerRtpCapabilities as types.RtpCapabilities });
  return device;
}

async function detected(): Promise<{ handlerName: types.BuiltinHandlerName } | undefined> {
  if (typeof RTCPeerConnection === 'undefined') return undefined;
  const handlerName = await detectDeviceAsync();
  return handlerName && { handlerName };
}
