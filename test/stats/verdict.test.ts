import fc from 'fast-check';
import t from '../support/tap.ts';
import { blame } from '../../server/stats/asking/blame.ts';
import { thresholds, troubleFields, troublesOf, type Minute } from '../../server/stats/asking/minute.ts';
import { severities, verdictOf, type Measured } from '../../server/stats/asking/verdict.ts';

const people = ['ada', 'ben', 'cleo', 'dan'];
const inCall = (minutes: number, ids = people): Measured[] =>
  ids.map((id) => ({ id, displayName: id.toUpperCase(), minutes }));

const minute = (participantId: string, n: number, figures: Minute['figures'], measured = 4): Minute => ({
  at: n * 60_000,
  participantId,
  measured,
  figures,
});

const judged = (minutes: Minute[], measured = 40) => verdictOf(inCall(measured), blame(minutes));

t.test('thresholds are where people notice', (t) => {
  const levels = (figures: Minute['figures']) => troublesOf(figures).map(({ what, level }) => [what, level]);
  t.same(levels({ upLossRatio: 0.0199, rttMs: 299, freezeMs: 999, freezes: 2 }), []);
  t.same(levels({ upLossRatio: 0.02 }), [['up_loss', 1]]);
  t.same(levels({ upLossRatio: 0.01, upAudioLossRatio: 0.05 }), [['up_loss', 2]], 'sound alone is enough');
  t.same(levels({ downLossRatio: 0.05, rttMs: 300, freezes: 12 }), [
    ['down_loss', 2],
    ['rtt', 1],
    ['freezes', 2],
  ]);
  t.end();
});

t.test('a quiet call, and one of which nothing is known', (t) => {
  t.match(judged([]).verdict, { severity: 'good', side: 'none', participants: [], text: /^Nobody/ });
  t.match(judged([minute('ada', 1, { upLossRatio: 0.03 })]).verdict, { severity: 'good', side: 'none' });
  t.match(judged([minute('ada', 1, { upLossRatio: 0.03 })], 5).verdict, { severity: 'noticeable' });
  t.match(judged([], 0), {
    verdict: { severity: 'unknown', side: 'unknown', text: /^Nothing was measured/ },
  });
  t.equal(judged([], 0).each.get('ada')?.side, 'unknown');
  t.end();
});

t.test('one person’s way up, which the others suffer from', (t) => {
  const minutes = [1, 2, 3].flatMap((n) => [
    minute('ben', n, { upLossRatio: 0.12, upAudioLossRatio: 0.1 }),
    minute('ada', n, { downLossRatio: 0.11, freezeMs: 8_000 }),
    minute('cleo', n, { freezeMs: 7_000 }),
    minute('dan', n, { freezeMs: 7_000 }),
  ]);
  const { verdict, each } = judged(minutes);
  t.match(verdict, {
    severity: 'bad',
    side: 'participants',
    participants: ['ben'],
    text: 'BEN: up to 12 % was lost on the way to the server, in 3 of 40 minutes.',
  });
  t.equal(each.get('ben')?.side, 'up');
  for (const id of ['ada', 'cleo', 'dan']) t.equal(each.get(id)?.side, 'ok', `${id} is not to blame`);
  t.match(each.get('cleo')?.reasons, [
    {
      what: 'freezes',
      cause: 'publisher',
      publisherId: 'ben',
      minutes: 3,
      text: /lost on BEN’s way to the server\.$/,
    },
  ]);
  t.end();
});

t.test('what is lost beyond what the publisher lost is one’s own', (t) => {
  const { each } = judged([
    minute('ben', 1, { upLossRatio: 0.06 }),
    minute('ada', 1, { downLossRatio: 0.3 }),
    minute('cleo', 2, { rttMs: 700 }),
  ]);
  t.equal(each.get('ada')?.side, 'down');
  t.equal(each.get('ben')?.side, 'up');
  t.equal(each.get('cleo')?.side, 'both', 'a round trip goes both ways');
  t.equal(each.get('dan')?.side, 'ok');
  t.end();
});

t.test('pictures that stand still without loss: said carefully', (t) => {
  const { verdict, each } = judged([1, 2, 3].map((n) => minute('ada', n, { freezeMs: 9_000, freezes: 4 })));
  t.match(verdict, {
    side: 'participants',
    text: /9 s a minute.*may be too slow, or their bandwidth too small/,
  });
  t.equal(each.get('ada')?.side, 'down');
  t.notMatch(judged([minute('ada', 1, { freezeMs: 9_000, downLossRatio: 0.1 })]).verdict.text, /too slow/);
  t.match(judged([minute('ada', 1, { freezes: 20 })]).verdict.text, /froze up to 20 times/);
  t.end();
});

t.test('nearly everybody at once is the server’s side', (t) => {
  const badFor = (ids: string[], figures: Minute['figures'], measured = 4) =>
    judged(ids.map((id) => minute(id, 1, figures, measured))).verdict;
  for (const figures of [{ upLossRatio: 0.1 }, { downLossRatio: 0.1 }, { rttMs: 900 }]) {
    t.match(badFor(['ada', 'ben', 'cleo'], figures), {
      side: 'server',
      participants: [],
      text: /^In one minute, first at 1970-01-01 00:01 UTC, nearly everybody/,
    });
    t.match(badFor(['ada', 'ben'], figures, 2), { side: 'participants' }, 'two are too few to say');
    t.match(badFor(['ada', 'ben', 'cleo'], figures, 5), { side: 'participants' }, 'three of five');
  }
  const both = judged([
    ...people.map((id) => minute(id, 1, { downLossRatio: 0.2 })),
    minute('dan', 2, { upLossRatio: 0.2 }),
  ]);
  t.match(both.verdict, { side: 'both', participants: ['dan'] });
  t.match(both.each.get('ada'), {
    side: 'ok',
    reasons: [{ cause: 'server', text: /nearly everybody had trouble/ }],
  });
  t.end();
});

t.test('little on each way may be much together, and many are not all named', (t) => {
  const little = judged([
    minute('ada', 1, { upLossRatio: 0.03 }),
    minute('ada', 2, { downLossRatio: 0.03 }),
    minute('ada', 3, { freezes: 3 }),
    minute('ada', 4, { upLossRatio: 0.03 }),
  ]);
  t.match(little.verdict, { severity: 'noticeable', side: 'participants' });
  t.equal(little.each.get('ada')?.side, 'both');
  const all = judged(people.map((id, n) => minute(id, n, { upLossRatio: 0.1 + n / 10 })));
  t.match(all.verdict, { participants: ['dan', 'cleo', 'ben', 'ada'], text: /^DAN: .* The same for 1 more/ });
  t.end();
});

const figuresOf = fc.record(
  Object.fromEntries(
    troubleFields.map((field) => [
      field,
      fc.double({ min: 0, max: thresholds[field].bad * 3, noNaN: true, noDefaultInfinity: true }),
    ]),
  ),
  { requiredKeys: [] },
);
const calls = fc.uniqueArray(
  fc.record({ id: fc.constantFrom(...people), n: fc.nat(5), figures: figuresOf }),
  { selector: ({ id, n }) => `${id} ${n}`, maxLength: 24, minLength: 1 },
);

t.test('more of anything never makes it better', (t) => {
  const worse = fc.record({
    which: fc.nat(),
    field: fc.constantFrom(...troubleFields),
    by: fc.double({ min: 1, max: 10, noNaN: true }),
  });
  fc.assert(
    fc.property(calls, worse, fc.integer({ min: 6, max: 60 }), (call, { which, field, by }, measured) => {
      const before = call.map(({ id, n, figures }) => minute(id, n, figures));
      const after = before.map((one, index) =>
        index === which % before.length
          ? {
              ...one,
              figures: { ...one.figures, [field]: (one.figures[field] ?? thresholds[field].bad / 3) * by },
            }
          : one,
      );
      const rank = (minutes: Minute[]) => severities.indexOf(judged(minutes, measured).verdict.severity);
      return rank(after) >= rank(before);
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test('whatever happens: where it was noticeable, somebody’s side is named, and a reason for each', (t) => {
  fc.assert(
    fc.property(calls, fc.integer({ min: 6, max: 60 }), (call, measured) => {
      const { verdict, each } = judged(
        call.map(({ id, n, figures }) => minute(id, n, figures)),
        measured,
      );
      const named = verdict.severity === 'good' ? verdict.side === 'none' : verdict.side !== 'none';
      return (
        named &&
        verdict.text !== '' &&
        verdict.participants.every((id) => each.get(id)?.reasons.some(({ cause }) => cause === 'participant'))
      );
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
