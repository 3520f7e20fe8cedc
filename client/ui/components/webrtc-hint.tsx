import { hasWebRtc, NO_WEBRTC } from '../state/webrtc.ts';
import { WarningIcon } from './icons.tsx';
import './notice-list.css';

/** Said before one joins, where nothing but the list of those present is to be had. */
export function WebRtcHint() {
  if (hasWebRtc()) return null;
  return (
    <div class="notice">
      <WarningIcon />
      <p class="notice-text">{NO_WEBRTC}</p>
    </div>
  );
}
