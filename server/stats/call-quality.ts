import type { Period, Steps } from './steps.ts';

/** How a participant's videos were at a time, as the older call-quality app has it. Figures are whole, and not negative. */
export interface QualityEntry {
  roomName: string;
  /** A name, for show. */
  participant: string;
  time: Date;
  videoSendBitsPerSecond: number;
  videoRecvBitsPerSecond: number;
  videoSendPacketLoss: number;
  videoRecvPacketLoss: number;
}

/** What the older app's clients reported, and the same of this server's own calls. Both ends of a period are part of it. */
export interface CallQuality {
  add(report: QualityEntry): Promise<void>;
  /** What clients reported, in order of time; at most `limit` of it. */
  reported(period: Period, limit: number): Promise<QualityEntry[]>;
  /**
   * What was measured here of those who are not hidden, in order of time: an entry for each step that a participant had
   * videos in, at its beginning; at most `limit` of them. Packet loss is in percent.
   */
  measured(steps: Steps, limit: number): Promise<QualityEntry[]>;
}
