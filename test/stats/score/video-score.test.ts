import fc from 'fast-check';
import t from '../../support/tap.ts';
import { videoFactors, videoScore, type VideoFigures } from '../../../server/stats/score/video-score.ts';

const MINUTE = 60_000;
const good: VideoFigures = { freezes: 0, freezeMs: 0, fps: 30, frameHeight: 720, periodMs: MINUTE };
const isClose = (one: number | undefined, other: number) =>
  one !== undefined && Math.abs(one - other) < 0.0005;

t.test('stalling is that of ITU-T P.1203.3, equation 29', (t) => {
  // Computed by hand: exp(-n / 9.35158684) · exp(-(share / 0.91890815)).
  for (const [freezes, freezeMs, left] of [
    [0, 0, 1],
    [1, 0, 0.8986],
    [1, 3_000, 0.851],
    [3, 6_000, 0.6508],
    [10, 30_000, 0.1992],
    [0, 60_000, 0.3368],
  ] as const) {
    const { freezes: found } = videoFactors({ ...good, freezes, freezeMs }) ?? {};
    t.ok(isClose(found, left), `${freezes} times, ${freezeMs} ms: ${found}, expected ${left}`);
    t.ok(isClose(videoScore({ ...good, freezes, freezeMs }), 1 + 3.5 * (found ?? 0)));
  }
  t.end();
});

t.test('smooth and sharp pictures have the best score, others less', (t) => {
  t.equal(videoScore(good), 4.5);
  t.equal(videoScore({ ...good, fps: 60, frameHeight: 2160 }), 4.5);
  for (const [fps, left] of [
    [20, 1],
    [15, 0.866],
    [10, 0.7071],
    [5, 0.5],
    [0, 0],
  ] as const) {
    t.ok(isClose(videoFactors({ ...good, fps })?.low_frame_rate, left), `${fps} frames a second`);
  }
  for (const [frameHeight, left] of [
    [720, 1],
    [360, 0.9],
    [180, 0.6751],
    [90, 0.3527],
    [1, 0],
    [0, 0],
  ] as const) {
    t.ok(isClose(videoFactors({ ...good, frameHeight })?.low_resolution, left), `${frameHeight} pixels`);
  }
  t.end();
});

t.test('a longer period of the same is the same; several pictures stand still for no longer than it', (t) => {
  const minute = { ...good, freezes: 2, freezeMs: 3_000 };
  t.equal(
    videoScore({ ...minute, freezes: 20, freezeMs: 30_000, periodMs: 10 * MINUTE }),
    videoScore(minute),
  );
  t.equal(videoScore({ ...minute, freezeMs: 3 * MINUTE }), videoScore({ ...minute, freezeMs: MINUTE }));
  t.end();
});

t.test('what is unknown costs nothing, and without anything known there is none', (t) => {
  const nothing = { freezes: undefined, freezeMs: undefined, fps: undefined, frameHeight: undefined };
  t.equal(videoScore({ ...nothing, periodMs: MINUTE }), undefined);
  t.equal(videoScore({ ...nothing, fps: 30, periodMs: MINUTE }), 4.5);
  t.equal(
    videoScore({ ...good, fps: undefined, frameHeight: undefined, freezes: 3 }),
    videoScore({ ...good, freezes: 3 }),
  );
  t.end();
});

t.test('more freezes, less frames or pixels never raise it, and it is from 1 to 4.5', (t) => {
  const pair = (max: number) => {
    const one = fc.double({ min: 0, max, noNaN: true });
    return fc.tuple(one, one).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  };
  const periodMs = fc.integer({ min: 1, max: 3_600_000 });
  fc.assert(
    fc.property(
      pair(1_000),
      pair(200_000),
      pair(120),
      pair(4_320),
      periodMs,
      (n, ms, fps, height, periodMs) => {
        const better = videoScore({
          freezes: n[0],
          freezeMs: ms[0],
          fps: fps[1],
          frameHeight: height[1],
          periodMs,
        });
        const worse = videoScore({
          freezes: n[1],
          freezeMs: ms[1],
          fps: fps[0],
          frameHeight: height[0],
          periodMs,
        });
        return better !== undefined && worse !== undefined && worse <= better && worse >= 1 && better <= 4.5;
      },
    ),
  );
  t.end();
});
