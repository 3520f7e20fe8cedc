import fc from 'fast-check';
import t from '../support/tap.ts';
import { Meter } from '../../server/stats/measuring/meter.ts';
import type { Measured, StreamReading } from '../../server/stats/measuring/reading.ts';
import type { Sample } from '../../server/stats/sample.ts';
import { audioTrack, reading, streamReading, videoTrack } from '../support/readings.ts';

const NOON = Date.UTC(2026, 0, 31, 12);
const measured = (direction: Measured['direction'] = 'send'): Measured => ({
  sessionId: 'session',
  participantId: 'participant',
  transportId: 'transport',
  direction,
  reporter: 'server',
});

const whole = (samples: Sample[]) => samples.find(({ track }) => track === undefined);
const bitrate = ({ figures, intervalMs }: Sample) => ((figures.upBytes ?? 0) * 8000) / intervalMs;

t.test('a sample is of a transport, and one of each track; the transport’s is the sum', (t) => {
  const meter = new Meter(measured(), 1_000, NOON);
  const samples = meter.samplesOf(
    reading({
      at: 6_000,
      upBytes: 5_000,
      downBytes: 100,
      protocol: 'udp',
      streams: [
        streamReading({
          key: '1',
          bytes: 1_000,
          packetsReceived: 90,
          packetsLost: 10,
          score: 3,
          jitterMs: 4,
        }),
        streamReading({ key: '2', bytes: 2_000, packetsReceived: 50, packetsLost: 0, score: 9, jitterMs: 8 }),
        streamReading({ track: audioTrack, bytes: 500, packetsReceived: 40, packetsLost: 2, score: 7 }),
      ],
    }),
    NOON + 5_000,
  );
  t.match(whole(samples), {
    endedAt: NOON + 5_000,
    intervalMs: 5_000,
    protocol: 'udp',
    figures: {
      upBytes: 5_000,
      downBytes: 100,
      upPackets: 192,
      upPacketsLost: 12,
      upAudioPackets: 42,
      upAudioPacketsLost: 2,
      upVideoBytes: 3_000,
      upJitterMs: 6,
      score: 7,
    },
  });
  t.notOk(whole(samples)?.figures.downPackets, 'nothing comes down a send transport');
  t.match(
    samples.find(({ track }) => track === videoTrack),
    { figures: { upBytes: 3_000, upPackets: 150, upPacketsLost: 10, score: 9 } },
  );
  t.notOk(
    samples.some(({ track, figures }) => track && 'upVideoBytes' in figures),
    'of a track its bytes say it',
  );
  t.equal(samples.length, 3);
  t.end();
});

t.test('a stream that rests says nothing of what it is like, and a freeze that is over still counts', (t) => {
  const meter = new Meter({ ...measured('recv'), reporter: 'browser' }, 0, NOON);
  const figuresAt = (at: number, streams: StreamReading[]) =>
    whole(meter.samplesOf(reading({ at, downBytes: at, streams }), NOON + at))?.figures;
  const picture = { freezes: 0, freezeMs: 0, frameHeight: 180, fps: 25, jitterMs: 30 };
  const sound = (bytes: number) => streamReading({ track: audioTrack, bytes, jitterMs: 10 });
  t.match(figuresAt(5_000, [sound(100), streamReading({ bytes: 700, ...picture })]), {
    downFrameHeight: 180,
    downFps: 25,
    downJitterMs: 20,
    freezes: 0,
  });
  const resting = figuresAt(10_000, [sound(200), streamReading({ bytes: 700, ...picture })]) ?? {};
  t.match(resting, { downJitterMs: 10, downVideoBytes: 0 });
  for (const name of ['downFrameHeight', 'downFps', 'freezes', 'freezeMs']) t.notOk(name in resting, name);
  const frozen = { ...picture, freezes: 1, freezeMs: 400 };
  t.match(figuresAt(15_000, [sound(300), streamReading({ bytes: 700, ...frozen })]), {
    freezes: 1,
    freezeMs: 400,
  });
  t.end();
});

t.test('without videos their bytes are not known, and of a resting one they are 0', (t) => {
  const meter = new Meter(measured('recv'), 0, NOON);
  const bytesAt = (at: number, streams: StreamReading[]) =>
    whole(meter.samplesOf(reading({ at, downBytes: at, streams }), NOON + at))?.figures.downVideoBytes;
  const sound = streamReading({ track: audioTrack, bytes: 9_000 });
  t.equal(bytesAt(5_000, [sound]), undefined);
  t.equal(bytesAt(10_000, [sound, streamReading({ bytes: 700 })]), 700);
  t.equal(bytesAt(15_000, [sound, streamReading({ bytes: 700 })]), 0);
  t.end();
});

t.test('a last, shorter interval counts by its own length', (t) => {
  const meter = new Meter(measured(), 0, NOON);
  meter.samplesOf(reading({ at: 5_000, upBytes: 5_000 }), NOON + 5_000);
  const last = whole(meter.samplesOf(reading({ at: 5_400, upBytes: 5_400 }), NOON + 5_400));
  t.match(last, { endedAt: NOON + 5_400, intervalMs: 400, figures: { upBytes: 400 } });
  t.end();
});

t.test('before anything was carried there is no sample, and its time does not count', (t) => {
  const meter = new Meter(measured(), 0, NOON);
  t.same(meter.samplesOf(reading({ at: 3_600_000 }), NOON + 3_600_000), []);
  const first = whole(meter.samplesOf(reading({ at: 3_605_000, upBytes: 1 }), NOON + 3_605_000));
  t.match(first, { intervalMs: 5_000, endedAt: NOON + 3_605_000 });
  t.end();
});

t.test('a track that was not read once has no jump when it is read again', (t) => {
  const meter = new Meter(measured('recv'), 0, NOON);
  const heard = (packetsSent: number) => [streamReading({ packetsSent, bytes: packetsSent, packetsLost: 0 })];
  meter.samplesOf(reading({ at: 5_000, downBytes: 1, streams: heard(1_000) }), NOON + 5_000);
  meter.samplesOf(reading({ at: 10_000, downBytes: 2, streams: [] }), NOON + 10_000);
  const again = whole(
    meter.samplesOf(reading({ at: 15_000, downBytes: 3, streams: heard(1_200) }), NOON + 15_000),
  );
  t.equal(again?.figures.downPackets, 200);
  t.end();
});

t.test('the wall clock may jump: intervals do not overlap, and bitrates stay as they were', (t) => {
  const jumps = fc.array(
    fc.record({
      after: fc.integer({ min: 1, max: 60_000 }),
      jump: fc.integer({ min: -7_200_000, max: 7_200_000 }),
    }),
  );
  fc.assert(
    fc.property(jumps, (given) => {
      const meter = new Meter(measured(), 0, NOON);
      let at = 0;
      let offset = NOON;
      let ended = 0;
      for (const { after, jump } of given) {
        at += after;
        offset += jump;
        const [sample] = meter.samplesOf(reading({ at, upBytes: at * 125 }), at + offset);
        if (!sample) throw new Error('no sample');
        const began = sample.endedAt - sample.intervalMs;
        if (began < ended) throw new Error(`begins ${ended - began} ms before the last one ended`);
        if (Math.abs(bitrate(sample) - 1_000_000) > 1) throw new Error(`${bitrate(sample)} bit/s`);
        ended = sample.endedAt;
      }
    }),
  );
  t.end();
});

t.test('a clock that was set forward is followed, one that was set back is not', (t) => {
  const meter = new Meter(measured(), 0, NOON);
  const endOf = (at: number, now: number) =>
    whole(meter.samplesOf(reading({ at, upBytes: at }), now))?.endedAt;
  t.equal(endOf(5_000, NOON + 5_000), NOON + 5_000);
  t.equal(endOf(10_000, NOON + 3_600_000), NOON + 3_600_000, 'an hour ahead');
  t.equal(endOf(15_000, NOON + 15_000), NOON + 3_605_000, 'and back: it goes on');
  t.end();
});

t.test('bytes that go back begin anew', (t) => {
  const meter = new Meter(measured(), 0, NOON);
  meter.samplesOf(reading({ at: 5_000, upBytes: 9_000, downBytes: 9_000 }), NOON + 5_000);
  const next = whole(meter.samplesOf(reading({ at: 10_000, upBytes: 100, downBytes: 50 }), NOON + 10_000));
  t.match(next?.figures, { upBytes: 100, downBytes: 50 });
  t.end();
});
