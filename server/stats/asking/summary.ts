import { blame, type BlamedMinute } from './blame.ts';
import type { Minute } from './minute.ts';
import type { SummarizedParticipant } from './stats-records.ts';
import { verdictOf, type ParticipantVerdict, type Verdict } from './verdict.ts';

/** How many of the worst minutes are told. */
export const WORST_MINUTES = 10;

export interface Summary {
  participants: (SummarizedParticipant & ParticipantVerdict)[];
  worstMinutes: (BlamedMinute & { displayName: string })[];
  verdict: Verdict;
}

/**
 * Why a call was bad, if it was, and on whose side.
 *
 * @param participants Those who are named.
 * @param minutes Of everybody of whom somebody may know.
 */
export function summarize(
  participants: readonly SummarizedParticipant[],
  minutes: readonly Minute[],
): Summary {
  const names = new Map(participants.map(({ id, displayName }) => [id, displayName]));
  const blamed = blame(minutes).filter(({ participantId }) => names.has(participantId));
  const { verdict, each } = verdictOf(participants, blamed);
  return {
    participants: participants.map((one) => ({
      ...one,
      ...(each.get(one.id) ?? { side: 'unknown', reasons: [] }),
    })),
    worstMinutes: blamed
      .sort((one, other) => other.badness - one.badness || one.at - other.at)
      .slice(0, WORST_MINUTES)
      .map((minute) => ({ ...minute, displayName: names.get(minute.participantId) ?? '' })),
    verdict,
  };
}
