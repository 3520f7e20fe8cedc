// Demanding: see test/support/schedule.ts.
import t from '../support/tap.ts';
import { callOverNetwork } from '../support/measured-call.ts';
import { recorded } from '../support/recorded.ts';
import { bitrateOf, limits, lossOf, reached, truthOf } from '../support/truth.ts';

/** Until losses show in the reports of those who receive, in ms. */
const WARM_UP_MS = 5_000;
/** Less than what would be sent. */
const UP_LIMIT_BPS = 1_000_000;
/** Not all that is sent is media. */
const MORE_THAN_ENOUGH = 1.2;
/** Until the last sample of a period is written, in ms. */
const WRITTEN_MS = 1_500;

t.test('losses and bandwidth are recorded as the network counted them, on the right side', async (t) => {
  const { network, ada, ben, ask } = await callOverNetwork(t);
  const whole = await truthOf(network, 2, WARM_UP_MS, { bucketMs: 5_000 });
  await reached(whole.to + WRITTEN_MS);
  const unharmed = await recorded(ask, ada.path, { ...whole, step: 5 });
  for (const way of ['up', 'down'] as const) {
    const { loss, packets } = unharmed[way];
    t.equal(lossOf(whole[way]), 0);
    t.ok(loss <= limits.zero + whole.missed / packets, `${way}: an honest zero, not ${loss}`);
  }

  await network.lose('up', 0.1);
  await network.lose('down', 0.05);
  await network.limit('up', UP_LIMIT_BPS);
  const truth = await truthOf(network, 2, WARM_UP_MS, { packets: MORE_THAN_ENOUGH * limits.packets });
  await reached(truth.to + WRITTEN_MS);

  const [hers, his, all] = await Promise.all([
    recorded(ask, ada.path, truth),
    recorded(ask, ben.path, truth),
    recorded(ask, '/rooms/tea', truth),
  ]);
  t.ok(bitrateOf(truth, 'up') < UP_LIMIT_BPS, 'the limit is one');
  t.comment(`${truth.missed} packets were missed by this machine, which is busy`);
  for (const way of ['up', 'down'] as const) {
    const [loss, bitrate] = [lossOf(truth[way]), bitrateOf(truth, way)];
    t.comment(
      `${way}: ${(loss * 100).toFixed(2)} % lost, ${(hers[way].loss * 100).toFixed(2)} % recorded, ` +
        `${(his[way].loss * 100).toFixed(2)} % of Ben's; ` +
        `${(bitrate / 1000).toFixed(1)} kbit/s, ${(hers[way].bitrate / 1000).toFixed(1)} recorded`,
    );
    t.ok(hers[way].packets >= limits.packets, `${way}: enough packets`);
    t.ok(Math.abs(hers[way].loss - loss) < limits.loss, `${way}: the loss`);
    t.ok(Math.abs(hers[way].bitrate / bitrate - 1) < limits.bitrate, `${way}: the bandwidth`);
    t.ok(
      his[way].loss < limits.none + (way === 'up' ? truth.missed / his.up.packets : 0),
      `${way}: who lost nothing did not`,
    );
    const both = hers[way].packets + his[way].packets;
    t.ok(Math.abs(all[way].packets / both - 1) < 0.001, `${way}: the room is both of them`);
  }
});
