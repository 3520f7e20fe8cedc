import type { TrackSource } from '../protocol/model.ts';
import type { LimitStore } from './user-limit.ts';

/**
 * Why a stream ended. `swept`: ledger and server did not agree on it, which should never be seen. `expired`: its player
 * did not renew it. `ledger_lost`: its server could not renew it and gave it up before somebody else might take its slot.
 */
export type StreamEnd =
  | 'stopped'
  | 'replaced'
  | 'viewer_left'
  | 'publisher_stopped'
  | 'worker_died'
  | 'failed'
  | 'swept'
  | 'expired'
  | 'limit_lowered'
  | 'ledger_lost';

/** Who plays a stream: the SFU, a player that declared it over REST, or a client of the older stream-count service. */
export type StreamOrigin = 'sfu' | 'declared' | 'stream_count';

/** A stream that this server forwards, as the ledger keeps it. */
export interface ForwardedRecord {
  id: string;
  userId: string;
  /** Who watches. */
  participantId: string;
  /** Whose video it is. */
  publisherId: string;
  source: TrackSource;
}

/** A stream that a player outside the SFU plays, as the ledger keeps it. */
export interface DeclaredRecord {
  id: string;
  userId: string;
  origin: Exclude<StreamOrigin, 'sfu'>;
  /** What its player says of it: 1 to 128 characters. */
  label: string | undefined;
  /** How long it holds its slot without being renewed, in ms. */
  lease: number;
}

export type StreamRecord = ForwardedRecord | DeclaredRecord;

/** What holds one of a user's slots now, wherever it is played. */
export interface HeldStream {
  id: string;
  userId: string;
  origin: StreamOrigin;
  label: string | undefined;
  /** Of a stream that an SFU forwards. */
  roomName: string | undefined;
  publisherName: string | undefined;
  source: TrackSource | undefined;
  /** This server forwards it. */
  own: boolean;
  startedAt: Date;
  leaseUntil: Date;
}

/** A user's slots, of one instant. */
export interface HeldSlots {
  /** How many the user may hold. */
  limit: number;
  /** What holds them, the longest held first. */
  streams: HeldStream[];
}

/** What the ledger answers to a start. */
export interface Grant {
  granted: boolean;
}

/** A stream that is over, and why. */
export interface Released extends Pick<StreamRecord, 'id' | 'userId'> {
  reason: StreamEnd;
}

/** What a renewal found. */
export interface Renewal {
  /** The ids of this server's streams that hold a slot. */
  held: Set<string>;
  /** Other servers work with the same ledger, and may take an expired slot. */
  shared: boolean;
}

/**
 * The exact count of every user's streams. A user's slots are rows, as many as the user may watch at once. Whatever is done
 * with them is one transaction, so that at every instant a user holds at most as many as there are.
 */
export interface SlotLedger extends LimitStore {
  /** Takes a free slot, as many as the user's limit allows. N at once on k free ones: exactly min(N, k) are granted. */
  acquire(stream: StreamRecord): Promise<Grant>;
  /** Moves the slot of `formerId`, of this server or declared, to `stream`. False where that one holds none any more. */
  replace(formerId: string, stream: StreamRecord): Promise<boolean>;
  /** Gives a slot back. Doing it again, or late, changes nothing and frees nobody else's. */
  release(stream: Pick<StreamRecord, 'id' | 'userId'>, reason: StreamEnd): Promise<void>;
  /** Gives many back, each for its own reason, in batches. What was done when one fails stays done. */
  releaseAll(streams: readonly Released[]): Promise<void>;
  /** Renews the leases of this server's streams. */
  renew(streamIds: string[]): Promise<Renewal>;
  /** Frees slots of this server that none of its streams holds, in batches. @returns how many there were. */
  sweepOrphans(streamIds: string[]): Promise<number>;
  /** Frees slots whose lease has run out, in batches: of other servers, or declared. @returns the users who got one back. */
  sweepExpired(whose: 'servers' | 'declared'): Promise<string[]>;

  /** What holds a user's slots, and how many there may be. */
  held(userId: string): Promise<HeldSlots>;
  /** How many slots this server's streams hold, by stream id, and how many are declared, of all users. */
  count(): Promise<{ ownStreams: Map<string, string>; declared: number }>;
  /** This user has had slots at some time. */
  knows(userId: string): Promise<boolean>;
  /** Renews the lease of a declared stream, in ms from now. @returns it, or undefined where it holds no slot. */
  renewDeclared(userId: string, streamId: string, lease: number): Promise<HeldStream | undefined>;
  /** Ends a declared stream. False where it holds no slot. */
  endDeclared(userId: string, streamId: string): Promise<boolean>;
  /** Ends a user's declared stream that was taken first. False where there is none of that origin. */
  endOldest(userId: string, origin: StreamOrigin): Promise<boolean>;
  /** This stream was the user's and declared, and is over. */
  wasDeclared(userId: string, streamId: string): Promise<boolean>;
}
