export type { TokenSource } from './access.ts';
export { MediaError, SignallingError, type MediaProblem } from './errors.ts';
export { openDevice } from './local-media.ts';
export type { LocalPublication } from './local-tracks.ts';
export { RemoteParticipant, RemotePublication } from './participants.ts';
export { Room, type RoomState } from './room.ts';
export type { LinkOptions } from './link.ts';
