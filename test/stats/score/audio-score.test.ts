import fc from 'fast-check';
import t from '../../support/tap.ts';
import { audioScore, oneWayDelayMs } from '../../../server/stats/score/audio-score.ts';
import { lossImpairment, meanOpinionScore, rating } from '../../../server/stats/score/e-model.ts';

const g711 = { impairment: 0, robustness: 25.1 };
const perfect = { rttMs: 0, jitterMs: 0 };

/** @throws where there is none. */
function scoreAt(lossRatio: number, rttMs = 0, jitterMs = 0): number {
  const score = audioScore({ lossRatio, rttMs, jitterMs });
  if (score === undefined) throw new Error('no score');
  return score;
}

t.test('with nothing lost on a short way it is the best that G.107 has with default values', (t) => {
  t.ok(Math.abs(scoreAt(0) - 4.41) < 0.005, String(scoreAt(0)));
  t.equal(scoreAt(0, 100), scoreAt(0), 'up to 100 ms mouth to ear cost nothing');
  t.end();
});

t.test('impairment of G.711 with concealment by random loss: ITU-T G.113, appendix I', (t) => {
  // The table has steps of 5 and is older than the equation, which was fitted to it.
  for (const [percent, published] of [
    [0, 0],
    [1, 5],
    [2, 7],
    [3, 10],
    [5, 15],
    [7, 20],
    [10, 25],
    [15, 35],
    [20, 45],
  ] as const) {
    const computed = lossImpairment(percent / 100, g711);
    t.ok(Math.abs(computed - published) < 3, `${percent} %: ${computed.toFixed(1)}, published ${published}`);
    const expected = meanOpinionScore(93.2 - published);
    const score = scoreAt(percent / 100);
    t.ok(
      Math.abs(score - expected) < 0.16,
      `${percent} %: ${score.toFixed(2)}, by the table ${expected.toFixed(2)}`,
    );
  }
  t.end();
});

t.test('a delay without echo: ITU-T G.107, equation 7-27, computed by hand', (t) => {
  // From there on, in the words of G.109, users are no longer very satisfied (90), satisfied (80), and so on.
  for (const [oneWayMs, expected] of [
    [200, 90.16],
    [280, 80.7],
    [390, 69.92],
    [400, 69.14],
    [550, 60.06],
  ] as const) {
    const r = rating(oneWayMs, 0, g711);
    t.ok(Math.abs(r - expected) < 0.05, `${oneWayMs} ms: R ${r}, by hand ${expected}`);
  }
  t.end();
});

t.test('the way from mouth to ear', (t) => {
  t.equal(oneWayDelayMs(), 46.5, 'a packet, its codec and the least buffer');
  t.equal(oneWayDelayMs(200, 5), 146.5);
  t.equal(oneWayDelayMs(200, 30), 186.5);
  t.end();
});

t.test('without a known loss there is none; a delay that is unknown costs nothing', (t) => {
  t.equal(audioScore({ lossRatio: undefined, rttMs: 900, jitterMs: 90 }), undefined);
  t.equal(
    audioScore({ lossRatio: 0.05, rttMs: undefined, jitterMs: undefined }),
    audioScore({ ...perfect, lossRatio: 0.05 }),
  );
  t.end();
});

t.test('more loss, delay or jitter never raises it, and it is from 1 to 4.5', (t) => {
  const pair = (max: number) => {
    const one = fc.double({ min: 0, max, noNaN: true });
    return fc.tuple(one, one).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  };
  fc.assert(
    fc.property(pair(1), pair(10_000), pair(2_000), (loss, rtt, jitter) => {
      const [better, worse] = [scoreAt(loss[0], rtt[0], jitter[0]), scoreAt(loss[1], rtt[1], jitter[1])];
      return worse <= better + 1e-9 && worse >= 1 && better <= 4.5;
    }),
  );
  const falling = [0, 0.02, 0.05, 0.1, 0.2].map((loss) => scoreAt(loss));
  t.ok(
    falling.every((score, n) => n === 0 || score < (falling[n - 1] ?? 0) - 0.1),
    falling.join(', '),
  );
  t.end();
});
