import fc from 'fast-check';
import t from '../../support/tap.ts';
import {
  GOOD_SCORE,
  gradeOf,
  scoreOf,
  scoreReasons,
  type ScoredFigures,
} from '../../../server/stats/score/score.ts';

const MINUTE = 60_000;
const good: ScoredFigures = {
  upAudioLossRatio: 0,
  downAudioLossRatio: 0,
  upJitterMs: 3,
  downJitterMs: 3,
  rttMs: 40,
  freezes: 0,
  freezeMs: 0,
  downFps: 30,
  downFrameHeight: 720,
};

t.test('a good call has no reason', (t) => {
  t.same(scoreOf(good, MINUTE), { score: 4.41, audio: 4.41, video: 4.5 });
  t.same(scoreOf({}, MINUTE), {}, 'of what is not known nothing is said');
  t.same(scoreOf({ rttMs: 900, upJitterMs: 90 }, MINUTE), {}, 'nor of a way on which there was no sound');
  t.same(scoreOf({ downFps: 30 }, MINUTE), { score: 4.5, video: 4.5 });
  t.end();
});

t.test('it is the worse one of both, and the reason is what cost that one most', (t) => {
  for (const [figures, expected] of [
    [{ upAudioLossRatio: 0.1 }, { score: 3.41, audio: 3.41, video: 4.5, reason: 'up_loss' }],
    [{ downAudioLossRatio: 0.1 }, { score: 3.41, audio: 3.41, reason: 'down_loss' }],
    [{ upAudioLossRatio: 0.1, downAudioLossRatio: 0.2 }, { reason: 'down_loss' }],
    [{ rttMs: 700 }, { audio: 3.57, reason: 'delay' }],
    [{ downJitterMs: 200 }, { reason: 'delay' }],
    [{ rttMs: 700, upAudioLossRatio: 0.02 }, { reason: 'delay' }],
    [{ rttMs: 400, upAudioLossRatio: 0.2 }, { reason: 'up_loss' }],
    [
      { freezes: 5, freezeMs: 10_000 },
      { audio: 4.41, video: 2.71, score: 2.71, reason: 'freezes' },
    ],
    [{ downFps: 8 }, { video: 3.21, reason: 'low_frame_rate' }],
    [{ downFrameHeight: 120 }, { reason: 'low_resolution' }],
    [{ downFrameHeight: 180, downFps: 5 }, { reason: 'low_frame_rate' }],
    [{ downFrameHeight: 180, downFps: 15, freezes: 1, freezeMs: 200 }, { reason: 'low_resolution' }],
    [{ upAudioLossRatio: 0.05, freezes: 12, freezeMs: 20_000 }, { reason: 'freezes' }],
    [{ upAudioLossRatio: 0.2, freezes: 1, freezeMs: 500 }, { reason: 'up_loss' }],
  ] as const) {
    t.match(scoreOf({ ...good, ...figures }, MINUTE), expected, JSON.stringify(figures));
  }
  t.end();
});

t.test('grades', (t) => {
  t.same([4.5, 4, 3.99, 3, 2.99, 1].map(gradeOf), ['good', 'good', 'fair', 'fair', 'poor', 'poor']);
  t.end();
});

const figures: fc.Arbitrary<ScoredFigures> = fc.record(
  {
    upAudioLossRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    downAudioLossRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    upJitterMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
    downJitterMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
    rttMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
    freezes: fc.double({ min: 0, max: 500, noNaN: true }),
    freezeMs: fc.double({ min: 0, max: 200_000, noNaN: true }),
    downFps: fc.double({ min: 0, max: 60, noNaN: true }),
    downFrameHeight: fc.double({ min: 0, max: 2_160, noNaN: true }),
  },
  { requiredKeys: [] },
);
const moreIsWorse = [
  'upAudioLossRatio',
  'downAudioLossRatio',
  'upJitterMs',
  'downJitterMs',
  'rttMs',
  'freezes',
  'freezeMs',
] as const;
const lessIsWorse = ['downFps', 'downFrameHeight'] as const;

t.test('any figure that is worse never raises it', (t) => {
  const name = fc.constantFrom(...moreIsWorse, ...lessIsWorse);
  const factor = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(figures, name, factor, (of, name, factor) => {
      const value = of[name];
      if (value === undefined) return true;
      const isMore = (moreIsWorse as readonly string[]).includes(name);
      const less = { ...of, [name]: value * factor };
      const [better, worse] = isMore ? [less, of] : [of, less];
      const [high, low] = [scoreOf(better, MINUTE), scoreOf(worse, MINUTE)];
      return (['score', 'audio', 'video'] as const).every(
        (each) =>
          (high[each] === undefined) === (low[each] === undefined) && (low[each] ?? 0) <= (high[each] ?? 0),
      );
    }),
  );
  t.end();
});

t.test('it has bounds, two decimals, and a reason exactly where it is not good', (t) => {
  fc.assert(
    fc.property(figures, (of) => {
      const { score, audio, video, reason } = scoreOf(of, MINUTE);
      if (score === undefined) return audio === undefined && video === undefined && reason === undefined;
      const rounded = [score, audio, video].every(
        (one) => one === undefined || one === Number(one.toFixed(2)),
      );
      const isWorse = score === Math.min(audio ?? Infinity, video ?? Infinity);
      const isExplained = score < GOOD_SCORE === (reason !== undefined && scoreReasons.includes(reason));
      return score >= 1 && score <= 4.5 && rounded && isWorse && isExplained;
    }),
  );
  t.end();
});

t.test('without its reason the score rises, and by no other reason more', (t) => {
  // What remains of each way without it; only sound, or only pictures, so that nothing else is the worse one.
  const without: Record<string, ScoredFigures> = {
    up_loss: { upAudioLossRatio: 0 },
    delay: { rttMs: 0, upJitterMs: 0 },
    freezes: { freezes: 0, freezeMs: 0 },
    low_frame_rate: { downFps: 30 },
    low_resolution: { downFrameHeight: 720 },
  };
  const upOnly = figures.map(({ upAudioLossRatio = 0, upJitterMs, rttMs }) => ({
    upAudioLossRatio,
    upJitterMs,
    rttMs,
  }));
  const picturesOnly = figures.map(({ freezes, freezeMs, downFps, downFrameHeight }) => ({
    freezes,
    freezeMs,
    downFps,
    downFrameHeight,
  }));
  fc.assert(
    fc.property(fc.oneof(upOnly, picturesOnly), (of: ScoredFigures) => {
      const { reason } = scoreOf(of, MINUTE);
      if (reason === undefined) return true;
      const scoreWithout = (one: string) => scoreOf({ ...of, ...without[one] }, MINUTE).score ?? 0;
      const reasons =
        of.upAudioLossRatio === undefined
          ? ['freezes', 'low_frame_rate', 'low_resolution']
          : ['up_loss', 'delay'];
      return reasons.every((one) => scoreWithout(one) <= scoreWithout(reason));
    }),
  );
  t.end();
});
