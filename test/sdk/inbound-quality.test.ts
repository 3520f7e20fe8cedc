import fc from 'fast-check';
import t from '../support/tap.ts';
import { arrived, arrivingOf } from '../../client/sdk/inbound-quality.ts';
import type { ReportedTrack } from '../../server/protocol/stats-report.ts';

const trackOf = (own: Partial<ReportedTrack> = {}): ReportedTrack => ({ id: 'track', bytes: 0, ...own });

t.test('what arrived is the difference of what was counted', (t) => {
  const sound = arrived(
    'microphone',
    trackOf({ bytes: 30_000, packetsReceived: 290, packetsLost: 12, jitterMs: 4 }),
    trackOf({ bytes: 10_000, packetsReceived: 200, packetsLost: 2, jitterMs: 40 }),
  );
  const camera = arrived(
    'camera',
    trackOf({
      bytes: 600_000,
      packetsReceived: 500,
      packetsLost: 0,
      jitterMs: 9,
      fps: 24,
      frameHeight: 360,
      freezes: 3,
      freezeMs: 900,
    }),
    trackOf({ bytes: 100_000, packetsReceived: 100, packetsLost: 0, freezes: 2, freezeMs: 500 }),
  );
  const screen = arrived('screen_share', trackOf({ bytes: 1_000, fps: 5, frameHeight: 1080 }), undefined);
  t.same(arrivingOf([sound, camera, screen], 5_000), {
    downBitrateBps: 833_600,
    downLossRatio: 0.02,
    downAudioLossRatio: 0.1,
    downJitterMs: 4,
    downFps: 24,
    downFrameHeight: 360,
    downScreenFps: 5,
    downScreenHeight: 1080,
    freezes: 1,
    freezeMs: 400,
  });
  t.same(arrivingOf([], 5_000), {});
  t.end();
});

t.test('a counter that begins anew says nothing, and a loss that is taken back is none', (t) => {
  const before = trackOf({ bytes: 90_000, packetsReceived: 900, packetsLost: 9, freezes: 4 });
  const anew = arrived(
    'camera',
    trackOf({ bytes: 500, packetsReceived: 5, packetsLost: 1, freezes: 0 }),
    before,
  );
  t.match(anew, { bytes: undefined, packets: undefined, lost: undefined, freezes: undefined });
  t.same(arrivingOf([anew], 1_000), {});
  const late = arrived('camera', trackOf({ bytes: 95_000, packetsReceived: 950, packetsLost: 7 }), before);
  t.match(arrivingOf([late], 1_000), { downLossRatio: 0 });
  t.end();
});

t.test(
  'a camera of which nothing comes any more stands still; its last jitter and size are not told',
  (t) => {
    const before = trackOf({ bytes: 90_000, packetsReceived: 900, jitterMs: 5, fps: 25, frameHeight: 720 });
    t.same(arrivingOf([arrived('camera', before, before)], 1_000), { downBitrateBps: 0, downFps: 0 });
    const starting = arrived('camera', trackOf({ fps: 25 }), undefined);
    t.equal(arrivingOf([starting], 1_000).downFps, undefined, 'unless it has just begun');
    t.end();
  },
);

t.test('whatever browsers count: no negative rate, and no more than was counted', (t) => {
  const counter = fc.option(fc.nat(1e9), { nil: undefined });
  const track = fc
    .record({
      bytes: fc.nat(1e12),
      packetsReceived: counter,
      packetsLost: counter,
      freezes: counter,
      freezeMs: counter,
      jitterMs: counter,
      fps: counter,
      frameHeight: counter,
    })
    .map((own) => ({ id: 'track', ...own }) as ReportedTrack);
  const source = fc.constantFrom('microphone', 'camera', 'screen_share', 'screen_share_audio');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(source, track, fc.option(track, { nil: undefined })), { maxLength: 4 }),
      fc.integer({ min: 1, max: 60_000 }),
      (tracks, periodMs) => {
        const figures = arrivingOf(
          tracks.map(([of, now, before]) => arrived(of, now, before)),
          periodMs,
        );
        for (const [name, value] of Object.entries(figures) as [string, number][]) {
          if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is ${value}`);
          if (name.endsWith('Ratio') && value > 1) throw new Error(`${name} is ${value}`);
        }
        const counted = tracks.reduce((sum, [, now]) => sum + now.bytes, 0);
        t.ok((figures.downBitrateBps ?? 0) <= (counted * 8_000) / periodMs + 0.5);
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});
