import type { Scores, Severity, Summary } from './answers.ts';
import { dateAndTime, duration } from './format.ts';

const MINUTE_MS = 60_000;

const HEADLINES: Record<Severity, { over: string; live: string }> = {
  good: { over: 'This call was good', live: 'This call is good so far' },
  noticeable: { over: 'This call had noticeable trouble', live: 'This call has noticeable trouble' },
  bad: { over: 'This call was bad for somebody', live: 'This call is, or was, bad for somebody' },
  unknown: { over: 'Nothing is known of this call', live: 'Nothing is known of this call yet' },
};

type Period = Pick<Summary, 'from' | 'to'>;

const lengthOf = ({ from, to }: Period): string => duration(Date.parse(to) - Date.parse(from));

/** Whether an answer leaves out the beginning of a call; its first minute is a whole one. */
const isOfEnd = ({ from }: Period, startedAt: string): boolean =>
  Date.parse(from) - Date.parse(startedAt) > MINUTE_MS;

/** The answer, in a few words, and of which part of the call it is. */
export function headlineOf(summary: Summary, isLive: boolean): string {
  const { severity } = summary.verdict;
  const { over, live } = HEADLINES[severity];
  const isPart = isOfEnd(summary, summary.room.startedAt);
  const ofPart = `${over} in ${isLive ? 'the' : 'its'} last ${lengthOf(summary)}`;
  const headline = isPart ? ofPart : isLive ? live : over;
  // What was left out may be worse.
  const mayBeWorse = !summary.isComplete && (severity === 'good' || severity === 'unknown');
  return mayBeWorse ? `${headline}, as far as it was looked at` : headline;
}

/** What the answer leaves out, as sentences; empty where that is nothing. */
export function leftOutOf(summary: Summary, hasCharts: boolean): string {
  const sentences: string[] = [];
  if (isOfEnd(summary, summary.room.startedAt)) {
    sentences.push(
      `What was before ${dateAndTime(summary.from)} is not judged.`,
      ...(hasCharts ? ['The charts below go back to the beginning.'] : []),
    );
  }
  if (!summary.isComplete) {
    sentences.push(
      'There was too much to judge all of it: those who were there longest count, and of minutes with trouble the worst.',
    );
  }
  return sentences.join(' ');
}

/** When it was, how long, and how many were there. */
export function factsOf(summary: Summary): string {
  const { room, durationMs, participants } = summary;
  const isPart = isOfEnd(summary, room.startedAt);
  const people = participants.length === 1 ? '1 participant' : `${participants.length} participants`;
  return [
    dateAndTime(room.startedAt),
    `${duration(durationMs)}${isPart ? `, of which the last ${lengthOf(summary)} are judged` : ''}`,
    `${people}${isPart ? ' in these' : ''}`,
  ].join(' · ');
}

/** What scores leave out that the verdict does not, as sentences; empty where that is nothing. */
export function unscoredOf(scores: Scores, summary: Summary): string {
  const sentences: string[] = [];
  if (isOfEnd(scores, summary.room.startedAt) && isOfEnd(scores, summary.from)) {
    sentences.push(`Scores are of the last ${lengthOf(scores)}, from ${dateAndTime(scores.from)} on.`);
  }
  if (!scores.isComplete && summary.isComplete) {
    sentences.push('Those who were there longest have scores; of the others there would be too many.');
  }
  return sentences.join(' ');
}
