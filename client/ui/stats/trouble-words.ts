import type { ScoreReason } from '../../../server/stats/score/score.ts';

const WORDS: Partial<Record<string, string>> = {
  up_loss: 'packets lost on the way to the server',
  down_loss: 'packets lost on the way from the server',
  delay: 'a long way: what is said comes late',
  rtt: 'a long way: what is said comes late',
  freezes: 'pictures that stood still',
  low_frame_rate: 'few pictures a second',
  low_resolution: 'small pictures',
} satisfies Record<ScoreReason | 'rtt', string>;

/** What was bad for somebody, by the names that the API has for it. */
export const troubleWords = (name: string): string => WORDS[name] ?? name;
