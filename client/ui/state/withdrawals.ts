import type { TrackSource } from '../../../server/protocol/model.ts';
import { MediaError, SignallingError, type Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';
import { refusalOf } from './refusals.ts';

const stopped: Record<TrackSource, string> = {
  camera: 'A host stopped your camera.',
  screen_share: 'A host stopped your screen share.',
  screen_share_audio: 'A host stopped the sound of your screen share.',
  microphone: 'A host stopped your microphone.',
};

const tooMuch: Record<TrackSource, string> = {
  camera: 'Your camera was turned off because it sent too much data. You can turn it on again in a minute.',
  screen_share:
    'Your screen share was stopped because it sent too much data. You can share again in a minute.',
  screen_share_audio: 'The sound of your screen share was stopped because it sent too much data.',
  microphone:
    'Your microphone was turned off because it sent too much data. You can turn it on again in a minute.',
};

/**
 * Says it when what one sends is muted or stopped by something else than one's own click: a host, a token that does not allow it any
 * more, a device that was unplugged.
 */
export function tellWithdrawals(room: Room, notices: Notices): void {
  room.on('localTrackMuted', (source) => {
    if (source === 'microphone') notices.show(source, 'You were muted by a host.');
  });
  room.on('localTrackStopped', (source, why) => {
    // One has stopped sharing in the browser.
    if (why instanceof MediaError && source.startsWith('screen_share')) return;
    const isTooMuch = why instanceof SignallingError && why.code === 'bitrate_exceeded';
    const text = isTooMuch ? tooMuch[source] : why?.message;
    notices.show(source, refusalOf(room, source) || text || stopped[source]);
  });
}
