/** What changes a user's limit of streams; a token's `limit` is undefined where it leaves that to the server. */
export type LimitChange =
  | { by: 'token'; limit: number | undefined; issuedAt: Date }
  | { by: 'api'; limit: number; at: Date }
  /** What was set over REST holds no more. */
  | { by: 'nobody' };

export interface LimitChanged {
  /** Another limit is in force than before. */
  changed: boolean;
  /** The ids of the streams that ended because of it. */
  ended: string[];
}

/** How many streams a user may have at once, and who said so. */
export interface UserLimit {
  limit: number;
  /** `default`: it is the server's own. */
  setBy: 'token' | 'api' | 'default';
  /** When the token was issued, or it was set; undefined for the server's own. */
  since: Date | undefined;
}

/**
 * Keeps each user's limit: what the newest token says (of two issued at the same time the lower one), or what was set over
 * REST, if that was later. A token that leaves it to the server says nothing against what was set.
 */
export interface LimitStore {
  /**
   * Changes a user's limit. Where more streams are held than it allows, those taken last lose their slots in the same
   * transaction. Doing it again changes nothing.
   */
  changeLimit(userId: string, change: LimitChange): Promise<LimitChanged>;
  /** The limit that is in force. */
  limitOf(userId: string): Promise<UserLimit>;
}
