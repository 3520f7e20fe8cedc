export const NO_WEBRTC =
  'This browser has no WebRTC, so neither sound nor video comes in or goes out. You can see who is in the room.';

export function hasWebRtc(): boolean {
  return 'RTCPeerConnection' in window;
}
