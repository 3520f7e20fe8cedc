import type { TrackSource } from '../../../server/protocol/model.ts';
import type { Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';
import { refusalOf } from './refusals.ts';

const stopped: Partial<Record<TrackSource, string>> = {
  camera: 'A host stopped your camera.',
  screen_share: 'A host stopped your screen share.',
  microphone: 'A host stopped your microphone.',
};

/** Says it when somebody else mutes or stops what one sends: a host, or a token that does not allow it any more. */
export function tellWithdrawals(room: Room, notices: Notices): void {
  const withdrawn = new Set<TrackSource>();
  room.on('localTrackMuted', (source) => {
    if (source === 'microphone') notices.show(source, 'You were muted by a host.');
  });
  room.on('localTrackStopped', (source) => {
    withdrawn.add(source);
    const sentence = stopped[source];
    if (sentence !== undefined) notices.show(source, sentence);
  });
  // What one may not send any more is withdrawn first, then the permissions are told.
  room.on('permissionsChanged', () => {
    for (const source of withdrawn) {
      const refusal = refusalOf(room, source);
      if (refusal !== '' && stopped[source] !== undefined) notices.show(source, refusal);
    }
    withdrawn.clear();
  });
}
