import type { Direction, MediaKind, TrackSource } from '../protocol/model.ts';
import type { Field } from './fields.ts';
import type { Reporter } from './sample.ts';
import type { Resolution } from './steps.ts';

/** Whose series is asked for. Ids are UUIDs, but for a user's. */
export type Subject =
  | { kind: 'room'; sessionId: string }
  | { kind: 'participant'; participantId: string }
  | { kind: 'transport'; transportId: string }
  | { kind: 'user'; userId: string };

export interface SeriesRequest {
  subject: Subject;
  /** Whose figures, of those that both the server and browsers measure. */
  reporter: Reporter;
  /** In ms since the epoch, both multiples of the step; `to` is not part of it. */
  from: number;
  to: number;
  /** In seconds. */
  step: number;
  /** What it is made of; divides the step. */
  resolution: Resolution;
  fields: readonly Field[];
  /** From 0 to 100: of the values of 15 s of each participant in the step. */
  percentiles: readonly number[];
}

/** A step of a series of which something is known. */
export interface SeriesPoint {
  /** When the step began, in ms since the epoch. */
  at: number;
  values: Partial<Record<Field, number | null>>;
  /** In the order of the percentiles that were asked for. */
  percentiles: Partial<Record<Field, (number | null)[]>>;
}

/** Whose a transport is. */
export interface TransportRecord {
  id: string;
  sessionId: string;
  participantId: string;
  direction: Direction;
  tracks: { id: string; kind: MediaKind; source: TrackSource; producerId: string }[];
}
