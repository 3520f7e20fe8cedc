import fc from 'fast-check';
import t from '../support/tap.ts';
import { RateWindow } from '../../server/rooms/rate-window.ts';

const LENGTH = 10_000;

/** A counter that is read now and then: what it grew by since the reading before, and when that was. */
const readings = fc.array(
  fc.record({ after: fc.integer({ min: 0, max: 30_000 }), more: fc.integer({ min: 0, max: 1_000_000 }) }),
  { maxLength: 200 },
);

t.test('the rate is that of the counter between two readings, at least a window apart', (t) => {
  fc.assert(
    fc.property(readings, (all) => {
      const window = new RateWindow(LENGTH);
      const read: { at: number; total: number }[] = [];
      let [at, total] = [0, 0];
      for (const { after, more } of all) {
        [at, total] = [at + after, total + more];
        window.add(at, total);
        read.push({ at, total });
        const whole = read.filter((one) => at - one.at >= LENGTH);
        const rates = whole.map((one) => ((total - one.total) * 1_000) / (at - one.at));
        if (window.rate === undefined ? whole.length > 0 : !rates.includes(window.rate)) return false;
      }
      return true;
    }),
  );
  t.end();
});

t.test('what is at a steady rate has it, however late and unevenly it is read', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1 }), (waits) => {
      const window = new RateWindow(LENGTH);
      let at = 0;
      window.add(0, 0);
      for (const wait of waits) {
        at += wait;
        window.add(at, at * 5);
        const expected = at < LENGTH ? undefined : 5_000;
        if (window.rate !== expected) return false;
      }
      return true;
    }),
  );
  t.end();
});

t.test('a pause makes up for a peak, and none that is a window old', (t) => {
  const window = new RateWindow(LENGTH);
  const totals = [0, 90, 90, 90, 180];
  const rates = totals.map((total, n) => {
    window.add(n * 5_000, total);
    return window.rate;
  });
  t.same(rates, [undefined, undefined, 9, 0, 9]);
  window.add(1, 1_000_000);
  t.equal(window.rate, 9, 'a reading out of order changes nothing');
  t.end();
});
