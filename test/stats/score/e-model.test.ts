import fc from 'fast-check';
import t from '../../support/tap.ts';
import {
  delayImpairment,
  lossImpairment,
  meanOpinionScore,
  rating,
} from '../../../server/stats/score/e-model.ts';

const g729a = { impairment: 11, robustness: 19 };
const g711 = { impairment: 0, robustness: 25.1 };

t.test('mean opinion scores of ITU-T G.107, table B.1', (t) => {
  for (const [r, mos] of [
    [90, 4.34],
    [80, 4.03],
    [70, 3.6],
    [60, 3.1],
    [50, 2.58],
  ] as const) {
    t.ok(Math.abs(meanOpinionScore(r) - mos) < 0.01, `R ${r}: ${meanOpinionScore(r)}, published ${mos}`);
  }
  t.ok(Math.abs(meanOpinionScore(93.2) - 4.41) < 0.01, 'default values: 4.41');
  t.equal(meanOpinionScore(0), 1);
  t.equal(meanOpinionScore(100), 4.5);
  t.end();
});

t.test('impairment of G.729A with VAD by random loss: ITU-T G.113, appendix I', (t) => {
  for (const [percent, published] of [
    [0, 11],
    [1, 15],
    [2, 19],
    [3, 23],
    [4, 26],
    [8, 36],
    [16, 49],
  ] as const) {
    const computed = lossImpairment(percent / 100, g729a);
    t.ok(
      Math.abs(computed - published) <= 0.6,
      `${percent} %: ${computed.toFixed(1)}, published ${published}`,
    );
  }
  t.end();
});

t.test('delay costs nothing up to 100 ms, and then more and more', (t) => {
  t.equal(delayImpairment(0), 0);
  t.equal(delayImpairment(100), 0);
  t.ok(delayImpairment(150) < 1, 'G.114: up to 150 ms hardly anybody minds');
  t.ok(delayImpairment(400) > 20, 'G.114: 400 ms is the most that a network may plan with');
  t.end();
});

t.test('more loss or more delay is never better', (t) => {
  const [loss, delay] = [
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 5_000, noNaN: true }),
  ];
  fc.assert(
    fc.property(loss, loss, delay, delay, (a, b, c, d) => {
      const better = meanOpinionScore(rating(Math.min(c, d), Math.min(a, b), g711));
      const worse = meanOpinionScore(rating(Math.max(c, d), Math.max(a, b), g711));
      return worse <= better + 1e-9 && worse >= 1 && better <= 4.5;
    }),
  );
  t.end();
});
