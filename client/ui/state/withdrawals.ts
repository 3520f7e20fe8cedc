import type { TrackSource } from '../../../server/protocol/model.ts';
import type { Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';
import { refusalOf } from './refusals.ts';

const stopped: Record<TrackSource, string> = {
  camera: 'A host stopped your camera.',
  screen_share: 'A host stopped your screen share.',
  screen_share_audio: 'A host stopped the sound of your screen share.',
  microphone: 'A host stopped your microphone.',
};

/** Says it when somebody else mutes or stops what one sends: a host, or a token that does not allow it any more. */
export function tellWithdrawals(room: Room, notices: Notices): void {
  room.on('localTrackMuted', (source) => {
    if (source === 'microphone') notices.show(source, 'You were muted by a host.');
  });
  room.on('localTrackStopped', (source, refusal) =>
    notices.show(source, refusalOf(room, source) || refusal?.message || stopped[source]),
  );
}
