import { detectDeviceAsync, Device, type types } from 'mediasoup-client';

/** What this browser can send and receive; undefined where it has no WebRTC. */
export async function loadDevice(routerRtpCapabilities: unknown): Promise<Device | undefined> {
  if (typeof RTCPeerConnection === 'undefined') return undefined;
  const handlerName = await detectDeviceAsync();
  if (!handlerName) return undefined;
  const device = await Device.factory({ handlerName });
  await device.load({ routerRtpCapabilities: routerRtpCapabilities as types.RtpCapabilities });
  return device;
}
