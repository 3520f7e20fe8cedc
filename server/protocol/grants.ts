import type { TrackSource } from './model.ts';

/** What a user does with a video beyond the limit: is refused it, or gives up the one watched longest. */
export type OnLimit = 'reject' | 'replace_oldest';

/** The most videos at once that a user can be allowed by a token or over REST. */
export const MAX_VIDEO_STREAMS = 16;

/**
 * What somebody may do. The names are LiveKit's, but for the last four, which are ours.
 *
 * @see https://docs.livekit.io/home/get-started/authentication/#video-grant
 */
export interface Grants {
  roomJoin: boolean;
  /** The one room that the others are about; undefined: every room. */
  room: string | undefined;
  canPublish: boolean;
  canSubscribe: boolean;
  canPublishData: boolean;
  /** The sources that may be published; undefined: all of them. */
  canPublishSources: readonly TrackSource[] | undefined;
  roomCreate: boolean;
  roomList: boolean;
  roomAdmin: boolean;
  /** The others are not told of this participant, who can publish nothing. */
  hidden: boolean;
  /** Videos that the user watches at once, 0 to 16; undefined: the server's own limit. */
  maxVideoStreams: number | undefined;
  onLimit: OnLimit;
  /** May read statistics, audits and everybody's streams. */
  statsRead: boolean;
  /** May declare and end streams of any user, and set a user's limit. */
  streamsWrite: boolean;
}
