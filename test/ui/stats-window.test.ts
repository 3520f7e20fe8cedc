import fc from 'fast-check';
import t from '../support/tap.ts';
import { TimeWindow } from '../../client/ui/stats/time-window.ts';

/** When the call began, in seconds: to the millisecond, as the server tells it. */
const BEGAN = 1_700_000_000;
const began = fc.integer({ min: 0, max: 999_999 }).map((ms) => BEGAN + ms / 1000);
const lengths = fc.integer({ min: 1_000, max: 36_000_000 }).map((ms) => ms / 1000);

/** Of a page that is opened by a link. */
function windowOn(page: string): TimeWindow {
  Object.assign(globalThis, { location: new URL(page) });
  return new TimeWindow();
}

t.test('what shows everything goes on to do so while the call grows, however one moves', (t) => {
  const ways: ((window: TimeWindow, by: number) => void)[] = [
    (window, by) => window.pan(by),
    (window, by) => window.zoom(1 + Math.abs(by)),
    (window, by) => {
      const { from, to } = window.shown.peek();
      window.show({ from: from + by, to: to + by });
    },
    (window, by) => {
      const { from, to } = window.bounds.peek();
      window.show({ from: from - Math.abs(by), to: to + Math.abs(by) });
    },
  ];
  fc.assert(
    fc.property(
      began,
      lengths,
      fc.constantFrom(...ways),
      fc.double({ min: -3, max: 3, noNaN: true }),
      (from, length, move, by) => {
        const window = windowOn('https://calls.example/r/tea/stats');
        window.setBounds({ from, to: from + length });
        move(window, by);
        window.setBounds({ from, to: from + length + 5 });
        window.stop();
        return window.shown.peek() === window.bounds.peek();
      },
    ),
  );
  t.end();
});

t.test('a part stays where it is while the call grows', (t) => {
  const window = windowOn('https://calls.example/r/tea/stats');
  window.setBounds({ from: BEGAN, to: BEGAN + 600 });
  window.zoom(0.5);
  window.pan(0.25);
  const shown = { from: BEGAN + 225, to: BEGAN + 525 };
  t.same(window.shown.peek(), shown);
  window.setBounds({ from: BEGAN, to: BEGAN + 605 });
  t.same(window.shown.peek(), shown);
  window.zoom(10);
  t.equal(window.shown.peek(), window.bounds.peek(), 'until one zooms out again');
  window.stop();
  t.end();
});
