import fc from 'fast-check';
import t from '../support/tap.ts';
import { fitTiles } from '../../client/ui/components/fit-tiles.ts';

const GAP = 12;

/** How many tiles of a width stand beside each other. */
const columnsOf = (width: number, areaWidth: number) =>
  Math.max(1, Math.floor((areaWidth + GAP + 0.001) / (width + GAP)));

const areas = fc.record({
  width: fc.integer({ min: 200, max: 2000 }),
  height: fc.integer({ min: 200, max: 2000 }),
});

t.test('tiles are as wide as the area at most, and as high unless it is scrolled', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), areas, (count, area) => {
      const { width, height } = fitTiles(count, area, GAP);
      const rows = Math.ceil(count / columnsOf(width, area.width));
      const needed = rows * (height + GAP) - GAP;
      const scrolled = height === width / (16 / 9);
      return width > 0 && width <= area.width + 0.001 && (needed <= area.height + 0.001 || scrolled);
    }),
  );
  t.end();
});

t.test('the arrangement with the largest tiles wins', (t) => {
  const wide = fitTiles(6, { width: 1248, height: 640 }, GAP);
  t.equal(columnsOf(wide.width, 1248), 3, 'six in a wide window: three columns');
  const tall = fitTiles(6, { width: 366, height: 680 }, GAP);
  t.equal(columnsOf(tall.width, 366), 2, 'six on a telephone: two');
  t.same(fitTiles(1, { width: 1600, height: 900 }, GAP), { width: 1600, height: 900 }, 'one fills all of it');
  t.end();
});

t.test('screens keep their shape, and so stand above each other where side by side is smaller', (t) => {
  const area = { width: 1018, height: 652 };
  t.equal(columnsOf(fitTiles(2, area, GAP).width, area.width), 2, 'faces');
  const { width, height } = fitTiles(2, area, GAP, 16 / 9);
  t.equal(columnsOf(width, area.width), 1);
  t.equal(Math.round(width), Math.round((height * 16) / 9));
  t.end();
});
