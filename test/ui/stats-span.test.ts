import fc from 'fast-check';
import t from '../support/tap.ts';
import { lengthOf, moved, SHORTEST, spanIn, within, withSpan, zoomed } from '../../client/ui/stats/span.ts';

const bounds = { from: 1_000, to: 10_000 };
const spans = fc
  .tuple(fc.integer({ min: -5_000, max: 20_000 }), fc.integer({ min: 1, max: 30_000 }))
  .map(([from, length]) => ({ from, to: from + length }));

t.test('what is shown lies within what there is, however one zooms and moves', (t) => {
  fc.assert(
    fc.property(spans, fc.double({ min: 0.01, max: 100, noNaN: true }), fc.integer(), (span, factor, by) => {
      for (const one of [span, zoomed(span, factor), moved(span, by % 100_000)]) {
        const { from, to } = within(one, bounds);
        if (from < bounds.from - 1e-6 || to > bounds.to + 1e-6 || to - from < SHORTEST - 1e-6) return false;
      }
      return true;
    }),
  );
  t.same(within({ from: 9_500, to: 10_500 }, bounds), { from: 9_000, to: 10_000 }, 'it is moved, not cut');
  t.end();
});

t.test('what is under the pointer stays there', (t) => {
  const span = zoomed({ from: 0, to: 1_000 }, 0.5, 250);
  t.same(span, { from: 125, to: 625 });
  t.equal(lengthOf(zoomed(span, 0.0001)), SHORTEST);
  t.end();
});

t.test('a link keeps a span, and everything else that it has', (t) => {
  const query = withSpan('?session=1', { from: 1_700_000_000, to: 1_700_000_600 });
  t.equal(query, '?session=1&from=2023-11-14T22:13:20Z&to=2023-11-14T22:23:20Z');
  t.same(spanIn(query), { from: 1_700_000_000, to: 1_700_000_600 });
  t.equal(withSpan(query, undefined), '?session=1');
  t.equal(withSpan('', undefined), '');
  for (const nothing of [
    '',
    '?from=x&to=y',
    '?from=2023-11-14T22:13:20Z',
    '?from=2024-01-01&to=2023-01-01',
  ]) {
    t.equal(spanIn(nothing), undefined, nothing);
  }
  t.end();
});
