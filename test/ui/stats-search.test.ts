import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from '../support/tap.ts';
import { dateAndTime } from '../../client/ui/stats/format.ts';
import {
  asOf,
  localTime,
  momentIn,
  orders,
  periodOf,
  periods,
  queryOf,
  searchIn,
  type Search,
} from '../../client/ui/stats/search.ts';
import { emptyWords, fewerWords, timeWords } from '../../client/ui/stats/search-words.ts';

const MINUTE = 60_000;
const moments = fc
  .integer({ min: Date.UTC(2000, 0, 2) / MINUTE, max: Date.UTC(2100, 0, 1) / MINUTE })
  .map((minutes) => minutes * MINUTE);
const searches: fc.Arbitrary<Search> = fc.record(
  {
    hours: fc.constantFrom(...periods.map((one) => one.hours)),
    until: fc.option(moments, { nil: undefined }),
    order: fc.constantFrom(...orders.map((one) => one.order)),
    name: fc.constantFrom('', 'tea', 'a b&c=d'),
  },
  { noNullPrototype: true },
);

const today: Search = { hours: 24, until: undefined, order: 'worst', name: '' };

t.test('a link keeps a search, whatever it is', (t) => {
  fc.assert(fc.property(searches, (search) => isDeepStrictEqual(searchIn(queryOf(search)), search)));
  t.equal(
    queryOf({ ...today, until: Date.UTC(2026, 9, 12, 10) }),
    '?hours=24&until=2026-10-12T10:00:00Z&order=worst',
    'by UTC',
  );
  for (const query of ['', '?until=', '?until=soon&hours=5&order=best', '?until=0026-10-12T10:00:00Z']) {
    t.strictSame(searchIn(query), today, query);
  }
  t.end();
});

t.test('a moment goes into its field and comes back, by the local clock', (t) => {
  fc.assert(
    fc.property(moments, (at) => {
      const text = localTime(at);
      const back = momentIn(text);
      if (back === undefined || localTime(back) !== text) throw new Error(`${text} became ${back}`);
      // When clocks are set back an hour comes twice.
      if (Math.abs(back - at) > 60 * MINUTE) throw new Error(`${at} became ${back}`);
    }),
  );
  t.equal(localTime(undefined), '');
  t.equal(momentIn('2026-10-12T10:00:59Z'), Date.UTC(2026, 9, 12, 10), 'in whole minutes');
  t.end();
});

t.test('a period has its length, and never ends later than now', (t) => {
  fc.assert(
    fc.property(searches, moments, (search, now) => {
      const { from, to } = periodOf(asOf(search, now), now);
      const end = to === undefined ? now : Date.parse(to);
      const length = end - Date.parse(from);
      return end === Math.min(search.until ?? now, now) && length === search.hours * 60 * MINUTE;
    }),
  );
  t.end();
});

t.test('words name what one can change, and nothing else', (t) => {
  const until = Date.UTC(2026, 9, 12, 10);
  const at = dateAndTime(new Date(until).toISOString());
  t.equal(timeWords({ ...today, until }), `the 24 hours until ${at}`);
  t.equal(
    emptyWords(today),
    'No room was open in the 24 hours until now. Choose a longer time or an earlier “until”. A call that you make now is recorded by itself.',
  );
  t.equal(
    emptyWords({ ...today, hours: 720, until, name: 'tea' }),
    `No room called tea was open in the 30 days until ${at}. Choose another “until” or another room.`,
  );
  t.equal(fewerWords(today), 'a shorter time, an earlier “until”, or a room');
  t.equal(fewerWords({ ...today, hours: 1, name: 'tea' }), 'an earlier “until”');
  t.end();
});
