import fc from 'fast-check';
import t from '../support/tap.ts';
import { difference, type Counted, type StreamDelta } from '../../server/stats/measuring/deltas.ts';
import type { StreamReading } from '../../server/stats/measuring/reading.ts';
import { streamReading } from '../support/readings.ts';

function deltasOf(readings: StreamReading[]): StreamDelta[] {
  let before: Counted | undefined;
  return readings.map((reading) => {
    const { delta, counted } = difference(before, reading);
    before = counted;
    return delta;
  });
}

const sum = (values: (number | undefined)[]) => values.reduce<number>((all, value) => all + (value ?? 0), 0);

t.test('counters that grow: the sum of the differences is the last of each', (t) => {
  const steps = fc.array(
    fc.record({ bytes: fc.nat(1e6), packetsReceived: fc.nat(1e4), packetsLost: fc.nat(1e3) }),
    {
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(steps, (grown) => {
      const last = { bytes: 0, packetsReceived: 0, packetsLost: 0 };
      const readings = grown.map((step) => {
        last.bytes += step.bytes;
        last.packetsReceived += step.packetsReceived;
        last.packetsLost += step.packetsLost;
        return streamReading({ ...last });
      });
      const deltas = deltasOf(readings);
      t.equal(sum(deltas.map(({ bytes }) => bytes)), last.bytes);
      t.equal(sum(deltas.map(({ packetsLost }) => packetsLost)), last.packetsLost);
      t.equal(sum(deltas.map(({ packets }) => packets)), last.packetsReceived + last.packetsLost);
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('whatever the counters do, nothing is negative, and never more than they ever were', (t) => {
  const any = fc.record({
    bytes: fc.nat(1000),
    packetsSent: fc.option(fc.nat(1000), { nil: undefined }),
    packetsReceived: fc.option(fc.nat(1000), { nil: undefined }),
    packetsLost: fc.option(fc.integer({ min: -50, max: 1000 }), { nil: undefined }),
    nacks: fc.option(fc.nat(1000), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(any), (given) => {
      for (const delta of deltasOf(given.map(streamReading))) {
        for (const value of Object.values(delta as unknown as Record<string, number | undefined>)) {
          if (value !== undefined && (value < 0 || value > 2000)) throw new Error(JSON.stringify(delta));
        }
      }
    }),
  );
  t.end();
});

t.test('what was late and came after all is taken off what is lost next', (t) => {
  const lost = deltasOf(
    [100, 97, 105].map((packetsLost) => streamReading({ packetsReceived: 1000, packetsLost })),
  );
  t.same(
    lost.map(({ packetsLost }) => packetsLost),
    [100, 0, 5],
  );
  t.end();
});

t.test('a stream that begins anew counts from zero', (t) => {
  const [, , again] = deltasOf([
    streamReading({ bytes: 1000, packetsSent: 10, packetsLost: 5 }),
    streamReading({ bytes: 2000, packetsSent: 20, packetsLost: 8 }),
    streamReading({ bytes: 300, packetsSent: 3, packetsLost: 1 }),
  ]);
  t.match(again, { bytes: 300, packets: 3, packetsLost: 1 });
  t.end();
});

t.test('what is not known stays so, and zero is zero', (t) => {
  const [delta] = deltasOf([streamReading({ bytes: 10, packetsReceived: 1, packetsLost: 0 })]);
  t.match(delta, { packetsLost: 0, nacks: undefined, freezes: undefined });
  t.end();
});
