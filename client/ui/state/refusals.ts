import type { TrackSource } from '../../../server/protocol/model.ts';
import type { Room } from '../../sdk/index.ts';

const sentences: Record<TrackSource, string> = {
  microphone: 'You may not speak in this room.',
  camera: 'You may not show your camera in this room.',
  screen_share: 'You may not share your screen in this room.',
  screen_share_audio: 'You may not share sound in this room.',
};

/** Why one may not send something, as a sentence; empty where one may. */
export function refusalOf({ permissions }: Room, source: TrackSource): string {
  return permissions.publish.includes(source) ? '' : sentences[source];
}
