/** What was erased of a user. */
export interface Erased {
  /** Rows that were changed or deleted, by table: those of which there were any. */
  readonly erased: Readonly<Record<string, number>>;
  /** Rows of what is under way, by table, which still name the user. */
  readonly open: Readonly<Record<string, number>>;
}

/** Forgets people. */
export interface Erasure {
  /**
   * Erases a user from everything that has ended: what calls were like stays, under a random pseudonym that nobody knows. It may
   * be done again.
   *
   * @param signal Ends it early, with what is done by then: that is not undone.
   * @returns undefined where it was ended early.
   */
  erase(userId: string, signal: AbortSignal): Promise<Erased | undefined>;
}
