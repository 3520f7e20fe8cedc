import type { LeaveReason } from '../../rooms/call-journal.ts';
import type { Direction, MediaKind, TrackSource } from '../../protocol/model.ts';
import type { Field, TrackField } from '../fields.ts';
import type { Minute, TroubleKind } from './minute.ts';
import type { Reporter, Sample } from '../sample.ts';
import type { Period, Resolution, Steps } from '../steps.ts';

/** A session: all of it, or what remains of it without some participants. */
export type RoomSubject =
  | { kind: 'room'; sessionId: string }
  | { kind: 'roomWithout'; sessionId: string; participantIds: readonly string[] };

/** Whose series is asked for. Ids are UUIDs, but for a user's. */
export type Subject =
  | RoomSubject
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

/** Somebody who was in a room. */
export interface PresentParticipant {
  id: string;
  userId: string;
  displayName: string;
  joinedAt: Date;
  leftAt: Date | undefined;
  leaveReason: LeaveReason | undefined;
  /** The others are not told of them. */
  hidden: boolean;
}

/** Those who were in a room longest, who came first, first. */
export interface Present {
  people: PresentParticipant[];
  /** False: others were there as well. */
  isEverybody: boolean;
}

/** Somebody in a summary. */
export interface SummarizedParticipant extends PresentParticipant {
  /** Minutes of the period in which something was measured. */
  minutes: number;
  figures: Spreads;
  path: Path | undefined;
}

/** Of whom something is asked, of those who were in a session. */
export interface Among {
  sessionId: string;
  participantIds: readonly string[];
}

export interface RoomPathChange extends PathChange {
  participantId: string;
}

/** From when on other simulcast layers of a video were forwarded to a participant. */
export interface LayerChange {
  at: Date;
  participantId: string;
  /** The consumer. */
  trackId: string;
  source: TrackSource;
  /** The participant who is received; undefined: not known. */
  publisherId: string | undefined;
  /** 0 is the smallest. */
  spatialLayer: number;
  temporalLayer: number;
}

/** Which sessions are asked for; undefined: whichever. */
export interface SessionFilter {
  roomName: string | undefined;
  /** Sessions in which that user is or was. */
  member: string | undefined;
  /** Who asks, where they may not know of those who are hidden. */
  asMember: string | undefined;
}

export interface Summarized {
  people: SummarizedParticipant[];
  /** False: there were more than the limit. */
  isEverybody: boolean;
}

/** A session that was open in a time. */
export interface OpenedSession {
  id: string;
  roomName: string;
  startedAt: Date;
  endedAt: Date | undefined;
  /** Who were there at all. */
  participantCount: number;
  /** Minutes that they were there in that time, together. */
  presentMinutes: number;
}

/** What people noticed in a session, in minutes of participants. */
export interface SessionTrouble {
  sessionId: string;
  measured: number;
  /** Without those that were bad. */
  noticeable: number;
  bad: number;
  /** Somebody had noticeable minutes that are more than a few. */
  isNoticeable: boolean;
  /** For whom it was worst, and in how many minutes of what kind; undefined: nobody noticed anything. */
  worst: { participantId: string; displayName: string; minutesOf: Record<TroubleKind, number> } | undefined;
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
  /** The participants of a session who are hidden from that user. */
  hiddenFrom(sessionId: string, userId: string): Promise<string[]>;
  /** Who was in a session in a period, who came first, first; at most `limit` of them, those who were there longest. */
  summarized(sessionId: string, period: Period, limit: number): Promise<Summarized>;
  roomFigures(subject: RoomSubject, period: Period): Promise<Spreads>;
  /** The minutes of participants that were noticeable, the worst first; at most `limit` of them. @param asMember As in `SessionFilter`. */
  troubledMinutes(
    sessionId: string,
    period: Period,
    limit: number,
    asMember: string | undefined,
  ): Promise<Minute[]>;
  /** Who was in a session in a period: at most `limit` of them. */
  present(sessionId: string, period: Period, limit: number): Promise<Present>;
  /** The series of each of whom something is known, by participant. */
  seriesOfEach(
    request: Among & Omit<SeriesRequest, 'subject' | 'percentiles'>,
  ): Promise<Map<string, KnownSteps<number>>>;
  /** In order of time; the first of each transport in the period is one too. */
  pathsOfEach(among: Among, period: Period, resolution: Resolution, limit: number): Promise<RoomPathChange[]>;
  /** The same of what is received, while samples are kept. */
  layersOfEach(among: Among, period: Period, limit: number): Promise<LayerChange[]>;
  /** Sessions that somebody was in, in a period, the latest first; at most `limit` of them. */
  openedSessions(period: Period, filter: SessionFilter, limit: number): Promise<OpenedSession[]>;
  /** What was noticed in each session in which anything was measured. @param asMember As in `SessionFilter`. */
  troubleIn(
    sessionIds: readonly string[],
    period: Period,
    asMember: string | undefined,
  ): Promise<SessionTrouble[]>;
}
