import { detectDeviceAsync, Device, type types } from 'mediasoup-client';

/**
 * What this browser can send and receive; undefined where it has no WebRTC.
 *
 * @param handlerFactory What does WebRTC, where mediasoup-client does not find it by itself.
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
