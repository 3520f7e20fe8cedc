import type { types } from 'mediasoup';
import t from '../support/tap.ts';
import { UpstreamGaps } from '../../server/stats/measuring/upstream-gaps.ts';

const upstream = (ssrc: number, packetsLost: number, packetsRepaired = 0) =>
  ({ ssrc, rtxSsrc: 9, packetsLost, packetsRepaired }) as types.ProducerStat;

const counted = (gaps: UpstreamGaps, ...[sent, stat]: Parameters<UpstreamGaps['count']>) => {
  gaps.count(sent, stat);
  return gaps.total;
};

t.test('what the publisher’s network lost, and nobody sent again, is a gap for who receives it', (t) => {
  const gaps = new UpstreamGaps();
  t.equal(counted(gaps, 100, upstream(1, 50, 10)), 0, 'what was lost before it was forwarded is none');
  t.equal(counted(gaps, 200, upstream(1, 70, 20)), 10);
  t.equal(counted(gaps, 300, upstream(1, 70, 25)), 5, 'sent again a little later');
  t.end();
});

t.test('another layer begins without gaps, and while nothing is forwarded there are none', (t) => {
  const gaps = new UpstreamGaps();
  gaps.count(100, upstream(1, 0));
  t.equal(counted(gaps, 200, upstream(1, 7)), 7);
  t.equal(counted(gaps, 300, upstream(2, 500)), 7);
  t.equal(counted(gaps, 400, upstream(2, 503)), 10);
  t.equal(counted(gaps, 400, upstream(2, 600)), 10);
  t.equal(counted(gaps, 400, undefined), 10);
  t.equal(counted(gaps, 500, upstream(2, 601)), 11);
  t.end();
});

t.test('a stream without RTX has what was sent again taken off already', (t) => {
  const gaps = new UpstreamGaps();
  const audio = (packetsLost: number, packetsRepaired: number) =>
    ({ ssrc: 1, packetsLost, packetsRepaired }) as types.ProducerStat;
  gaps.count(100, audio(0, 0));
  t.equal(counted(gaps, 200, audio(10, 30)), 10);
  t.end();
});
