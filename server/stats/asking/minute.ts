import type { Field } from '../fields.ts';

/** From where on people notice something, and from where on it is bad. */
export interface Threshold {
  noticeable: number;
  bad: number;
}

/** A minute's loss is judged where there were so many packets, sent or lost; of fewer, one that is lost says nothing. */
export const JUDGED_PACKETS_MIN = 100;

/** What troubles a call, by the figures that say so. Counts and times are those of a minute. */
export const thresholds = {
  upLossRatio: { noticeable: 0.02, bad: 0.05 },
  upAudioLossRatio: { noticeable: 0.02, bad: 0.05 },
  downLossRatio: { noticeable: 0.02, bad: 0.05 },
  downAudioLossRatio: { noticeable: 0.02, bad: 0.05 },
  rttMs: { noticeable: 300, bad: 600 },
  freezes: { noticeable: 3, bad: 12 },
  freezeMs: { noticeable: 1_000, bad: 6_000 },
} as const satisfies Partial<Record<Field, Threshold>>;

export type TroubleField = keyof typeof thresholds;
export const troubleFields = Object.keys(thresholds) as TroubleField[];

export type TroubleFigures = Partial<Record<TroubleField, number>>;

/** What a participant had in a minute. */
export interface Minute {
  /** When it began, in ms since the epoch. */
  at: number;
  participantId: string;
  /** How many participants of the room something is known of in that minute. */
  measured: number;
  figures: TroubleFigures;
}

/** 0: nobody notices. */
export type Level = 0 | 1 | 2;

export const troubles = ['up_loss', 'down_loss', 'rtt', 'freezes'] as const;
export type TroubleKind = (typeof troubles)[number];

export const fieldsOf: Record<TroubleKind, readonly TroubleField[]> = {
  up_loss: ['upLossRatio', 'upAudioLossRatio'],
  down_loss: ['downLossRatio', 'downAudioLossRatio'],
  rtt: ['rttMs'],
  freezes: ['freezeMs', 'freezes'],
};

/** Something that people notice in a minute. */
export interface Trouble {
  what: TroubleKind;
  level: 1 | 2;
  /** By the figure that is worst, measured against what is bad: 1 is bad. */
  badness: number;
}

/** What people notice with these figures. More of any figure never gives less of it. */
export function troublesOf(figures: TroubleFigures): Trouble[] {
  return troubles.flatMap((what): Trouble[] => {
    const level = Math.max(...fieldsOf[what].map((field) => levelOf(field, figures[field])));
    if (level === 0) return [];
    const badness = Math.max(...fieldsOf[what].map((field) => (figures[field] ?? 0) / thresholds[field].bad));
    return [{ what, level: level === 2 ? 2 : 1, badness }];
  });
}

function levelOf(field: TroubleField, value = 0): Level {
  const { noticeable, bad } = thresholds[field];
  return value >= bad ? 2 : value >= noticeable ? 1 : 0;
}
