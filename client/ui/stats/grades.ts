import { gradeOf, type Grade, type ScoreReason } from '../../../server/stats/score/score.ts';

/** What a grade is called, and its colour in the theme. */
export const grades = {
  good: { label: 'good', color: '--good' },
  fair: { label: 'fair', color: '--fair' },
  poor: { label: 'poor', color: '--poor' },
} as const satisfies Record<Grade, object>;

/** What pulled a score down. */
export const reasonWords: Record<ScoreReason, string> = {
  up_loss: 'packets lost on the way to the server',
  down_loss: 'packets lost on the way from the server',
  delay: 'a long way: what is said comes late',
  freezes: 'pictures that stood still',
  low_frame_rate: 'few pictures a second',
  low_resolution: 'small pictures',
};

export { gradeOf };
