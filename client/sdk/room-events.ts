import type { MediaError, SignallingError } from './errors.ts';
import type { Permissions, TrackSource } from '../../server/protocol/model.ts';
import type { NotificationData } from '../../server/protocol/notifications.ts';
import type { RemoteParticipant, RemotePublication } from './participants.ts';

export type RoomState = 'connecting' | 'connected' | 'reconnecting' | 'left';

/** What a room tells. */
export type RoomEvents = {
  /** Something that can be seen has changed: a participant, a publication, a state. Ask the room for what. */
  changed: [];
  stateChanged: [RoomState];
  participantJoined: [RemoteParticipant];
  participantLeft: [RemoteParticipant];
  trackSubscribed: [RemotePublication, MediaStreamTrack];
  trackUnsubscribed: [RemotePublication];
  /** A host has muted a track of one's own; one may unmute it. */
  localTrackMuted: [TrackSource];
  /**
   * A track of one's own is published no longer: a host has ended it, or one may not send it any more; or `why` says it: it sent too
   * much data (`bitrate_exceeded`), it was refused when one came back, or its device has ended (`MediaError`).
   */
  localTrackStopped: [source: TrackSource, why?: SignallingError | MediaError];
  permissionsChanged: [Permissions];
  activeSpeakers: [RemoteParticipant[]];
  /** What holds the user's slots has changed. */
  streamsChanged: [NotificationData<'streams'>];
  /** There is a new point in the history of one's own quality, or of the others'. */
  qualityChanged: [];
  /** The server stops within so many ms; then the room reconnects, once it is back. */
  serverStopping: [number];
  /** Something failed that ends nothing; it is told so that it can be shown or logged. */
  problem: [unknown];
};
