import type { RoomSettings } from './settings.ts';

export interface CallJournal {
  /** Records that a room has begun to be used; makes the room by name if it is new. */
  sessionStarted(session: {
    id: string;
    roomName: string;
    startedAt: Date;
    settings: RoomSettings;
  }): Promise<void>;
  /** Records a room's settings; those of an earlier version never take the place of later ones. */
  sessionUpdated(session: { id: string; settings: RoomSettings; version: number }): Promise<void>;
  sessionEnded(session: { id: string; endedAt: Date }): Promise<void>;
  participantJoined(p: {
    id: string;
    sessionId: string;
    userId: string;
    displayName: string;
    /** The others are not told of it. */
    hidden: boolean;
    joinedAt: Date;
  }): Promise<void>;
  participantLeft(p: { id: string; leftAt: Date; reason: LeaveReason }): Promise<void>;
}
export type LeaveReason =
  'left' | 'disconnected' | 'removed' | 'room_closed' | 'worker_died' | 'server_stopped' | 'server_crashed';
