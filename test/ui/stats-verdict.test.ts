import t from '../support/tap.ts';
import type { Scores, Severity, Summary } from '../../client/ui/stats/answers.ts';
import { dateAndTime } from '../../client/ui/stats/format.ts';
import { factsOf, headlineOf, leftOutOf, unscoredOf } from '../../client/ui/stats/verdict-words.ts';

/** Hours after a call has begun. */
const after = (hours: number): string =>
  new Date(Date.UTC(2026, 9, 12, 10, 0, 30) + hours * 3_600_000).toISOString();

/** A call of so many hours, of which what begins then was looked at. */
function summaryOf(
  hours: number,
  from = 0,
  { severity = 'good', isComplete = true }: { severity?: Severity; isComplete?: boolean } = {},
): Summary {
  return {
    room: { id: '1', name: 'tea', startedAt: after(0), endedAt: after(hours) },
    from: after(from),
    to: after(hours),
    durationMs: hours * 3_600_000,
    verdict: { severity, side: 'none', text: '', participants: [] },
    worstMinutes: [],
    participants: [{ participantId: '1', displayName: 'Ada', side: 'ok', reasons: [] }],
    isComplete,
  };
}

const scoresOf = (hours: number, from = 0, isComplete = true): Scores => ({
  from: after(from),
  to: after(hours),
  step: 60,
  time: [],
  participants: [],
  isComplete,
});

t.test('of all of a call', (t) => {
  for (const from of [-30 / 3_600, 0, 60 / 3_600]) {
    const summary = summaryOf(2, from);
    t.equal(headlineOf(summary, false), 'This call was good');
    t.equal(headlineOf(summary, true), 'This call is good so far');
    t.equal(leftOutOf(summary, true), '');
    t.equal(factsOf(summary), `${dateAndTime(after(0))} · 2 h · 1 participant`);
    t.equal(unscoredOf(scoresOf(2, from), summary), '');
  }
  t.end();
});

t.test('of the end of a long call, which is said', (t) => {
  const summary = summaryOf(240, 168);
  const headlines = (isLive: boolean) =>
    (['good', 'noticeable', 'bad', 'unknown'] as const).map((severity) =>
      headlineOf(summaryOf(240, 168, { severity }), isLive),
    );
  t.strictSame(headlines(false), [
    'This call was good in its last 72 h',
    'This call had noticeable trouble in its last 72 h',
    'This call was bad for somebody in its last 72 h',
    'Nothing is known of this call in its last 72 h',
  ]);
  t.equal(headlines(true)[0], 'This call was good in the last 72 h');
  const before = `What was before ${dateAndTime(after(168))} is not judged.`;
  t.equal(leftOutOf(summary, true), `${before} The charts below go back to the beginning.`);
  t.equal(leftOutOf(summary, false), before, 'no charts are promised where there are none');
  t.equal(
    factsOf(summary),
    `${dateAndTime(after(0))} · 240 h, of which the last 72 h are judged · 1 participant in these`,
  );
  t.equal(unscoredOf(scoresOf(240, 168), summary), '', 'scores are of the same time');
  t.equal(
    unscoredOf(scoresOf(240, 238), summary),
    `Scores are of the last 2 h, from ${dateAndTime(after(238))} on.`,
  );
  t.end();
});

t.test('of some of those who were there', (t) => {
  const some = (severity: Severity) => summaryOf(2, 0, { severity, isComplete: false });
  t.equal(headlineOf(some('good'), false), 'This call was good, as far as it was looked at');
  t.equal(headlineOf(some('bad'), false), 'This call was bad for somebody', 'which it was, whatever else');
  t.match(leftOutOf(some('good'), true), /^There was too much to judge all of it: /);
  t.match(unscoredOf(scoresOf(2, 0, false), summaryOf(2)), /^Those who were there longest have scores/);
  t.end();
});
