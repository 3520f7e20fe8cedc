import t from '../support/tap.ts';
import { fields, rounded, sourcesOf } from '../../server/stats/fields.ts';
import { csvOf, seriesOf } from '../../server/stats/asking/series.ts';

const steps = { from: 60_000, to: 180_000, step: 30, resolution: 15 } as const;

t.test('every step has a value, or null', (t) => {
  const known = {
    indexes: [3, 1, 4, -1],
    columns: [
      [0, 8_000.4, 1, 1],
      [null, 1 / 3, 1, 1],
    ],
  };
  t.same(seriesOf(steps, ['upBitrateBps', 'upLossRatio'], known), {
    time: [60, 90, 120, 150],
    fields: { upBitrateBps: [null, 8_000, null, 0], upLossRatio: [null, 0.333333, null, null] },
    percentiles: undefined,
  });
  t.same(seriesOf({ ...steps, to: 60_000 }, ['rttMs'], known), {
    time: [],
    fields: { rttMs: [] },
    percentiles: undefined,
  });
  t.same(seriesOf(steps, ['rttMs'], { indexes: [], columns: [] }).fields, {
    rttMs: [null, null, null, null],
  });
  t.end();
});

t.test('percentiles are columns of their own, and CSV has them all', (t) => {
  const percentiles = {
    asked: [50, 99.9],
    known: {
      indexes: [0, 2],
      columns: [
        [
          [0.01, 0.2],
          [0, null],
        ],
        [null, [3, 4]],
      ],
    },
  };
  const known = { indexes: [0], columns: [[0.05], [null]] };
  const series = seriesOf(steps, ['upLossRatio', 'rttMs'], known, percentiles);
  t.same(series.percentiles, {
    upLossRatio: { '50': [0.01, null, 0, null], '99.9': [0.2, null, null, null] },
    rttMs: { '50': [null, null, 3, null], '99.9': [null, null, 4, null] },
  });
  t.equal(
    csvOf(series),
    [
      'time,upLossRatio,rttMs,upLossRatio.p50,upLossRatio.p99.9,rttMs.p50,rttMs.p99.9',
      '1970-01-01T00:01:00.000Z,0.05,,0.01,0.2,,',
      '1970-01-01T00:01:30.000Z,,,,,,',
      '1970-01-01T00:02:00.000Z,,,0,,3,4',
      '1970-01-01T00:02:30.000Z,,,,,,',
      '',
    ].join('\r\n'),
  );
  t.end();
});

t.test('figures have the digits that mean something, and come from who measures them', (t) => {
  t.equal(rounded('upBitrateBps', 12_345.678), 12_346);
  t.equal(rounded('upAvailableBps', 0.4), 0);
  t.equal(rounded('upLossRatio', 1 / 3), 0.333333);
  t.equal(rounded('rttMs', 12.3456), 12.35);
  t.same(sourcesOf('rttMs', 'server'), ['server', 'browser']);
  t.same(sourcesOf('rttMs', 'browser'), ['browser']);
  t.same(sourcesOf('freezes', 'server'), ['browser']);
  t.same(sourcesOf('spatialLayer', 'browser'), ['server']);
  t.same(sourcesOf('upAvailableBps', 'server'), ['browser'], 'who sends estimates');
  for (const field of fields) {
    t.equal(sourcesOf(field, 'browser')[0], field === 'downAvailableBps' ? 'server' : 'browser');
  }
  t.end();
});
