import type { RemoteParticipant, Room } from '../../sdk/index.ts';
import { unseenOf, type Unseen } from './unseen.ts';

/** Loudness from which somebody counts as speaking, a ratio. */
const SPEAKING = 0.1;

/** What a tile shows of one participant. */
export interface TileContent {
  id: string;
  name: string;
  you: boolean;
  muted: boolean;
  speaking: boolean;
  /** The camera's picture, where there is one to be shown. */
  camera: MediaStreamTrack | undefined;
  /** The camera is on, and there is no picture of it. */
  unseen: Unseen | undefined;
}

/** One's own tile, then the others' in the order in which they came. */
export function tilesOf(room: Room): TileContent[] {
  return [ownTile(room), ...[...room.participants.values()].map((one) => remoteTile(room, one))];
}

function ownTile(room: Room): TileContent {
  const muted = room.local.get('microphone')?.muted ?? true;
  return {
    id: 'own',
    name: room.displayName,
    you: true,
    muted,
    speaking: !muted && room.ownAudioLevel > SPEAKING,
    camera: room.local.get('camera')?.track,
    unseen: undefined,
  };
}

function remoteTile(room: Room, participant: RemoteParticipant): TileContent {
  const muted = participant.publication('microphone')?.muted ?? true;
  const camera = participant.publication('camera');
  return {
    id: participant.id,
    name: participant.displayName,
    you: false,
    muted,
    speaking: !muted && participant.audioLevel > SPEAKING,
    camera: camera?.muted ? undefined : camera?.track,
    unseen: unseenOf(room, camera),
  };
}

/** A sound that comes from somebody else. */
export interface Sound {
  id: string;
  track: MediaStreamTrack;
}

export function soundsOf(room: Room): Sound[] {
  return [...room.participants.values()]
    .flatMap(({ publications }) => [...publications.values()])
    .flatMap(({ id, kind, track }) => (kind === 'audio' && track ? [{ id, track }] : []));
}
