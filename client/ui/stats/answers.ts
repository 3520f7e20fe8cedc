/** What the pages of statistics read of the REST API's answers: see /api/v1/docs. Times are ISO 8601. */

/** Figures by their names, a value a step; null where nothing is known. */
export type Columns = Partial<Record<string, readonly (number | null)[]>>;

export interface TimelineParticipant {
  participantId: string;
  displayName: string;
  joinedAt: string;
  leftAt?: string;
  leaveReason?: string;
  fields: Columns;
}

export type TimelineEvent = { at: string; participantId: string } & (
  | { type: 'joined' }
  | { type: 'left'; reason?: string }
  | {
      type: 'path';
      transportId: string;
      direction: 'send' | 'recv';
      protocol: 'udp' | 'tcp';
      candidateType?: string;
    }
  | {
      type: 'layers';
      trackId: string;
      source: string;
      publisherId?: string;
      spatialLayer: number;
      temporalLayer: number;
    }
);

/** `GET /rooms/{id}/timeline` */
export interface Timeline {
  roomId: string;
  roomName: string;
  startedAt: string;
  endedAt?: string;
  from: string;
  to: string;
  /** In seconds. */
  step: number;
  /** When each step begins, in seconds since the epoch. */
  time: readonly number[];
  participants: readonly TimelineParticipant[];
  events: readonly TimelineEvent[];
  isComplete: boolean;
}

export type Severity = 'good' | 'noticeable' | 'bad' | 'unknown';

/** `GET /rooms/{id}/summary` */
export interface Summary {
  room: { id: string; name: string; startedAt: string; endedAt?: string };
  /** What was looked at; of a long call it is the end. */
  from: string;
  to: string;
  /** Of all of it. */
  durationMs: number;
  verdict: { severity: Severity; side: string; text: string; participants: readonly string[] };
  worstMinutes: readonly {
    at: string;
    participantId: string;
    displayName: string;
    side: string;
    cause: string;
    reasons: readonly string[];
  }[];
  participants: readonly {
    participantId: string;
    displayName: string;
    side: 'ok' | 'up' | 'down' | 'both' | 'unknown';
    reasons: readonly { text: string }[];
    path?: { protocol: string; candidateType?: string };
  }[];
  isComplete: boolean;
}

/** `GET /rooms/{id}/scores` */
export interface Scores {
  /** What was looked at; of a long call, or one with many people, it is the end. */
  from: string;
  to: string;
  /** In seconds. */
  step: number;
  time: readonly number[];
  participants: readonly {
    participantId: string;
    score: readonly (number | null)[];
    audio: readonly (number | null)[];
    video: readonly (number | null)[];
    reason: readonly (string | null)[];
    mean?: number;
    lowest?: number;
  }[];
  isComplete: boolean;
}

/** `GET /quality/rooms` */
export interface RoomsByQuality {
  /** When what was looked at ends, by the server's clock. */
  to: string;
  rooms: readonly RankedRoom[];
  isComplete: boolean;
}

export interface RankedRoom {
  id: string;
  name: string;
  startedAt: string;
  endedAt?: string;
  participantCount: number;
  measuredMinutes: number;
  noticeableMinutes: number;
  badMinutes: number;
  severity: Severity;
  worst?: { participantId: string; displayName: string; reasons: readonly string[] };
}
