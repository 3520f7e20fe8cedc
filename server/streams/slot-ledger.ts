import type { TrackSource } from '../protocol/model.ts';

/** Why a stream ended. `swept`: the ledger had it, the server did not; that should never be seen. */
export type StreamEnd =
  'stopped' | 'replaced' | 'viewer_left' | 'publisher_stopped' | 'worker_died' | 'failed' | 'swept';

/** A stream as the ledger keeps it. */
export interface StreamRecord {
  id: string;
  userId: string;
  /** Who watches. */
  participantId: string;
  /** Whose video it is. */
  publisherId: string;
  source: TrackSource;
}

/** What the ledger answers to a start: a slot, or the streams that hold them all. */
export type Grant = { granted: true } | { granted: false; holderIds: string[] };

/**
 * The exact count of every user's streams. Whatever is done with it is one transaction, so that at every instant a user
 * holds at most as many slots as there are.
 */
export interface SlotLedger {
  /** Takes a free slot. N at once on k free ones: exactly min(N, k) are granted. */
  acquire(stream: StreamRecord, limit: number): Promise<Grant>;
  /** Moves the slot of `formerId` to `stream`. False where that one holds none any more. */
  replace(formerId: string, stream: StreamRecord): Promise<boolean>;
  /** Gives a slot back. Doing it again, or late, changes nothing and frees nobody else's. */
  release(stream: Pick<StreamRecord, 'id' | 'userId'>, reason: StreamEnd): Promise<void>;
  /**
   * Renews the leases of this server's streams, and frees slots of this server that none of them holds.
   *
   * @returns the ids that hold a slot, and how many slots had to be freed.
   */
  renew(streamIds: string[]): Promise<{ held: Set<string>; swept: number }>;
}
