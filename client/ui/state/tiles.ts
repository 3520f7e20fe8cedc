import type { RemoteParticipant, RemotePublication, Room } from '../../sdk/index.ts';
import { unseenOf, type Unseen } from './unseen.ts';

/** Loudness from which somebody counts as speaking, a ratio. */
const SPEAKING = 0.1;

/** A video of somebody else that one can pin: then it stays, whoever speaks. */
export interface Pinnable {
  publication: RemotePublication;
  source: 'camera' | 'screen_share';
  pinned: boolean;
}

/** What of somebody else a host can stop. */
export interface Stoppable {
  participantId: string;
  name: string;
  speaks: boolean;
  showsCamera: boolean;
  sharesScreen: boolean;
}

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
  /** Their media has stopped arriving. */
  stalled: boolean;
  pin: Pinnable | undefined;
  /** Undefined of oneself. */
  stoppable: Stoppable | undefined;
}

/** The tile of a screen that somebody else shares. */
export interface ScreenContent {
  id: string;
  name: string;
  picture: MediaStreamTrack | undefined;
  unseen: Unseen | undefined;
  pin: Pinnable | undefined;
  stoppable: Stoppable;
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
    stalled: false,
    pin: undefined,
    stoppable: undefined,
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
    stalled: [...participant.publications.values()].some((publication) => publication.stalled),
    pin: camera && !camera.muted ? pinnable(room, camera, 'camera') : undefined,
    stoppable: stoppable(participant),
  };
}

/** The screens that others share, in the order in which those came. */
export function screensOf(room: Room): ScreenContent[] {
  return [...room.participants.values()].flatMap((participant) => {
    const screen = participant.publication('screen_share');
    if (!screen) return [];
    return {
      id: screen.id,
      name: `${participant.displayName}’s screen`,
      picture: screen.track,
      unseen: unseenOf(room, screen),
      pin: pinnable(room, screen, 'screen_share'),
      stoppable: stoppable(participant),
    };
  });
}

/** Undefined for who has no place for any video. */
function pinnable(
  room: Room,
  publication: RemotePublication,
  source: Pinnable['source'],
): Pinnable | undefined {
  if (room.streams?.limit === 0) return undefined;
  return { publication, source, pinned: room.isPinned(publication.participantId, source) };
}

function stoppable(participant: RemoteParticipant): Stoppable {
  const sends = (source: RemotePublication['source']) => participant.publication(source)?.muted === false;
  return {
    participantId: participant.id,
    name: participant.displayName,
    speaks: sends('microphone'),
    showsCamera: sends('camera'),
    sharesScreen: sends('screen_share'),
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
