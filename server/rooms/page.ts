/** Where a page of a list ends. Lists are ordered by a time, then by an id, the newest first. */
export interface Position {
  /** UTC by ISO 8601, to the microsecond, as the database has it. */
  at: string;
  id: string;
}

/** Which part of a list is asked for. */
export interface PageRequest {
  limit: number;
  /** What the page before ended with; undefined: the list's beginning. */
  after: Position | undefined;
}

/** Part of a list. */
export interface Page<T> {
  items: T[];
  /** Where the next page begins; undefined where there is none. */
  next: Position | undefined;
}
