// Demanding: see test/support/schedule.ts.
import t from '../support/tap.ts';
import { callOverRelay } from '../support/measured-call.ts';
import { recorded } from '../support/recorded.ts';
import { limits, reached } from '../support/truth.ts';

/** Until the delay shows in the reports of those who receive, in ms. */
const WARM_UP_MS = 5_000;
/** Until the last sample of a period is written, in ms. */
const WRITTEN_MS = 1_500;

t.test('the round-trip time is recorded as it is', async (t) => {
  const { relay, ada, ben, ask } = await callOverRelay(t, 50);
  const from = Math.ceil((Date.now() + WARM_UP_MS) / 1000) * 1000;
  const to = from + 8_000;
  await reached(to + WRITTEN_MS);
  for (const { path } of [ada, ben]) {
    for (const reporter of ['server', 'browser'] as const) {
      const { rttMs } = await recorded(ask, path, { from, to, step: 1, reporter });
      t.comment(`${relay.addedMs.toFixed(1)} ms were added, the ${reporter} says ${rttMs.toFixed(1)} ms`);
      t.ok(Math.abs(rttMs - relay.addedMs) < limits.rttMs, `as the ${reporter} has it`);
    }
  }
});
