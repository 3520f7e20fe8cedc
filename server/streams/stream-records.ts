import type { TrackSource } from '../protocol/model.ts';
import type { Page, PageRequest } from '../rooms/page.ts';
import type { StreamEnd, StreamOrigin } from './slot-ledger.ts';

/** A video that somebody watches in a session now. */
export interface WatchedRecord {
  id: string;
  userId: string;
  /** Who watches. */
  participantId: string;
  displayName: string;
  /** Whose video it is. */
  publisherId: string;
  publisherName: string;
  source: TrackSource;
  startedAt: Date;
}

/** A stream that a user watches or has watched, in a call or in a player outside. */
export interface PastStreamRecord {
  id: string;
  origin: StreamOrigin;
  label: string | undefined;
  /** Of a stream in a call. */
  roomId: string | undefined;
  roomName: string | undefined;
  publisherName: string | undefined;
  source: TrackSource | undefined;
  startedAt: Date;
  endedAt: Date | undefined;
  endReason: StreamEnd | 'server_crashed' | undefined;
}

/** Reads who watches what, and who did. */
export interface StreamRecords {
  /** What is watched in a session now, the newest first. */
  watchedIn(sessionId: string): Promise<WatchedRecord[]>;
  /** A user's streams that began from `from` on and before `to`. */
  history(
    userId: string,
    period: { from: Date | undefined; to: Date | undefined },
    page: PageRequest,
  ): Promise<Page<PastStreamRecord>>;
}
