import type { types } from 'mediasoup';
import t from '../support/tap.ts';
import { ConsumerLoss } from '../../server/stats/measuring/consumer-loss.ts';

const sent = (stat: Partial<types.ConsumerStat>) =>
  ({
    packetsLost: 0,
    fractionLost: 0,
    jitter: 0,
    timestamp: 0,
    packetCount: 0,
    ...stat,
  }) as types.ConsumerStat;
const upstream = (packetsLost: number) =>
  ({ ssrc: 1, packetsLost, packetsRepaired: 0 }) as types.ProducerStat;

t.test('packets count when their receiver has reported on them', (t) => {
  const loss = new ConsumerLoss();
  t.same(loss.count(sent({ packetCount: 250 }), undefined, false), {
    packetsSent: 0,
    packetsLost: 0,
    isNew: false,
  });
  const first = { packetCount: 500, packetsLost: 50, fractionLost: 25, roundTripTime: 20, timestamp: 5_000 };
  t.same(loss.count(sent(first), undefined, false), { packetsSent: 500, packetsLost: 50, isNew: true });
  const unheard = { ...first, packetCount: 750, timestamp: 10_000 };
  t.same(loss.count(sent(unheard), undefined, false), { packetsSent: 500, packetsLost: 50, isNew: false });
  const next = { ...unheard, packetCount: 1_000, packetsLost: 100, roundTripTime: 21, timestamp: 15_000 };
  t.same(loss.count(sent(next), undefined, false), { packetsSent: 1_000, packetsLost: 100, isNew: true });
  t.end();
});

t.test('a receiver that is silent for too long is not waited for, nor is one at the end', (t) => {
  const silent = new ConsumerLoss();
  silent.count(sent({ packetCount: 100 }), undefined, false);
  t.equal(silent.count(sent({ packetCount: 800, timestamp: 15_000 }), undefined, false).packetsSent, 800);
  const ended = new ConsumerLoss();
  t.equal(ended.count(sent({ packetCount: 100 }), undefined, true).packetsSent, 100);
  t.end();
});

t.test('what was never sent was not lost here, from the moment on at which it is forwarded', (t) => {
  const loss = new ConsumerLoss();
  loss.begin(upstream(40));
  const all = { packetCount: 500, packetsLost: 30, roundTripTime: 20, timestamp: 5_000 };
  t.same(loss.count(sent(all), upstream(65), false), { packetsSent: 500, packetsLost: 5, isNew: true });
  t.equal(loss.notSent, 25);
  t.end();
});
