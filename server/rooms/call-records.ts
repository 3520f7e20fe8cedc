import type { LeaveReason } from './call-journal.ts';
import type { Page, PageRequest } from './page.ts';
import type { RoomSettings } from './settings.ts';

/** A session, as the journals of all servers of the database have it. */
export interface SessionRecord {
  id: string;
  roomName: string;
  startedAt: Date;
  endedAt: Date | undefined;
  settings: RoomSettings;
  /** Of the settings. */
  version: number;
  /** The id of the server that has opened it, where that is not this run of this one. */
  otherNode: string | undefined;
}

/** Somebody's presence in a session, now or once. */
export interface ParticipantRecord {
  id: string;
  userId: string;
  displayName: string;
  joinedAt: Date;
  leftAt: Date | undefined;
  leaveReason: LeaveReason | undefined;
}

/** Reads what the journals of all servers have written. Ids have to be UUIDs. */
export interface CallRecords {
  session(id: string): Promise<SessionRecord | undefined>;
  /** The session of a room that began last. */
  latestSession(roomName: string): Promise<SessionRecord | undefined>;
  sessions(
    which: { state: 'open' | 'closed' | 'all'; roomName: string | undefined },
    page: PageRequest,
  ): Promise<Page<SessionRecord & { participantCount: number }>>;
  participant(sessionId: string, id: string): Promise<ParticipantRecord | undefined>;
  participants(
    sessionId: string,
    state: 'present' | 'left' | 'all',
    page: PageRequest,
  ): Promise<Page<ParticipantRecord>>;
}
