import fc from 'fast-check';
import t from '../support/tap.ts';
import { Compile } from 'typebox/compile';
import { notifications } from '../../server/protocol/notifications.ts';
import { ownQualityOf } from '../../server/stats/own-quality.ts';
import { counters, gauges, type Figures } from '../../server/stats/sample.ts';
import { sampleOf, trackOf } from '../support/samples.ts';

const schema = Compile(notifications.quality);

t.test('both transports of a participant are told of as one', (t) => {
  const sent = sampleOf({
    direction: 'send',
    intervalMs: 5_000,
    figures: {
      upBytes: 500_000,
      downBytes: 5_000,
      upPackets: 1_000,
      upPacketsLost: 10,
      upAudioPackets: 250,
      upAudioPacketsLost: 5,
      upJitterMs: 3.456,
    },
  });
  const received = sampleOf({
    direction: 'recv',
    intervalMs: 2_500,
    figures: {
      upBytes: 2_500,
      downBytes: 250_000,
      downPackets: 400,
      downPacketsLost: 0,
      downAudioPackets: 0,
      downAudioPacketsLost: 0,
      downJitterMs: 5,
      rttMs: 40,
    },
  });
  const track = sampleOf({ track: trackOf(), figures: { upBytes: 400_000, rttMs: 900 } });
  t.same(ownQualityOf([sent, track, received]), {
    intervalMs: 5_000,
    upBitrateBps: 808_000,
    downBitrateBps: 808_000,
    upLossRatio: 0.01,
    downLossRatio: 0,
    upAudioLossRatio: 0.02,
    upJitterMs: 3.46,
    downJitterMs: 5,
    rttMs: 40,
  });
  t.equal(ownQualityOf([]), undefined);
  t.equal(ownQualityOf([track]), undefined);
  t.end();
});

t.test('a packet that is lost of a few in silence says nothing; that none was does', (t) => {
  const sound = (upAudioPackets: number, upAudioPacketsLost: number) =>
    ownQualityOf([sampleOf({ figures: { upAudioPackets, upAudioPacketsLost } })])?.upAudioLossRatio;
  t.equal(sound(3, 1), undefined);
  t.equal(sound(3, 0), 0);
  t.equal(sound(0, 0), undefined);
  t.equal(sound(20, 5), 0.25);
  t.equal(sound(20, 30), 1, 'more than all cannot be lost');
  t.end();
});

t.test('whatever is measured, what is told fits the protocol', (t) => {
  const figures: fc.Arbitrary<Figures> = fc.dictionary(
    fc.constantFrom(...counters, ...gauges),
    fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e9, noNaN: true })),
  );
  const samples = fc.array(fc.record({ figures, intervalMs: fc.integer({ min: 1, max: 60_000 }) }), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(samples, (all) => {
      const told = ownQualityOf(all.map(sampleOf));
      if (!schema.Check(told)) throw new Error(JSON.stringify({ told, errors: [...schema.Errors(told)] }));
    }),
  );
  t.end();
});
