import type { LeaveReason } from '../../rooms/call-journal.ts';
import type { Direction, MediaKind, TrackSource } from '../../protocol/model.ts';
import type { Field, TrackField } from '../fields.ts';
import type { Minute } from './minute.ts';
import type { Reporter, Sample } from '../sample.ts';
import type { Period, Steps } from '../steps.ts';

/** Whose series is asked for. Ids are UUIDs, but for a user's. */
export type Subject =
  | { kind: 'room'; sessionId: string }
  | { kind: 'participant'; participantId: string }
  | { kind: 'transport'; transportId: string }
  | { kind: 'track'; trackId: string }
  | { kind: 'user'; userId: string };

export interface SeriesRequest {
  subject: Subject;
  /** Whose figures, of those that both the server and browsers measure. */
  reporter: Reporter;
  steps: Steps;
  fields: readonly TrackField[];
  /** From 0 to 100: of the values of 15 s of each participant in the step. */
  percentiles: readonly number[];
}

/** The steps of a series of which something is known, in no order. */
export interface KnownSteps<Value> {
  /** Which of the series' steps, from 0. */
  indexes: number[];
  /** By the fields that were asked for, in their order: a value for each of these steps. */
  columns: (Value | null)[][];
}

/** Whose a transport is, and what it carried. */
export interface TransportRecord {
  id: string;
  sessionId: string;
  participantId: string;
  direction: Direction;
  /** From the first to the last that was measured. */
  measured: Period;
  tracks: { id: string; kind: MediaKind; source: TrackSource; producerId: string }[];
}

/** Somebody who was in a room, and their transports. */
export interface MeasuredParticipant {
  id: string;
  sessionId: string;
  userId: string;
  displayName: string;
  joinedAt: Date;
  leftAt: Date | undefined;
  /** The others are not told of them. */
  hidden: boolean;
  /** The latest ones. */
  transports: { id: string; direction: Direction }[];
}

/** The way that a transport goes. */
export interface Path {
  protocol: NonNullable<Sample['protocol']>;
  /** Undefined where the browser has not said it. */
  candidateType: Sample['candidateType'];
}

/** From when on a transport went another way. */
export interface PathChange extends Path {
  at: Date;
  transportId: string;
  direction: Direction;
}

/** The least, the middle and the 95th percentile of a figure's minutes. */
export interface Spread {
  min: number;
  median: number;
  p95: number;
}
export type Spreads = Partial<Record<Field, Spread>>;

/** Somebody in a summary. */
export interface SummarizedParticipant {
  id: string;
  userId: string;
  displayName: string;
  joinedAt: Date;
  leftAt: Date | undefined;
  leaveReason: LeaveReason | undefined;
  /** Minutes of the period in which something was measured. */
  minutes: number;
  /** The others are not told of them. */
  hidden: boolean;
  figures: Spreads;
  path: Path | undefined;
}

/** Reads what the samples and their rollups say. Ids have to be UUIDs, but for users'. */
export interface StatsRecords {
  series(request: SeriesRequest): Promise<KnownSteps<number>>;
  /** Each value has the percentiles in the order in which they were asked for. Of no track. */
  percentiles(request: SeriesRequest): Promise<KnownSteps<(number | null)[]>>;
  /** In order of time. @param subject A participant or a transport. */
  paths(subject: Subject, steps: Steps): Promise<PathChange[]>;
  transport(id: string): Promise<TransportRecord | undefined>;
  participant(id: string): Promise<MeasuredParticipant | undefined>;
  /** Whether a user is, or was, in a session. */
  wasIn(sessionId: string, userId: string): Promise<boolean>;
  /** Who was in a session in a period, who came first, first; at most `limit` of them. */
  summarized(sessionId: string, period: Period, limit: number): Promise<SummarizedParticipant[]>;
  roomFigures(sessionId: string, period: Period): Promise<Spreads>;
  /** The minutes of participants that were noticeable, the worst first; at most `limit` of them. */
  troubledMinutes(sessionId: string, period: Period, limit: number): Promise<Minute[]>;
}
