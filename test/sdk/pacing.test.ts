import t from '../support/tap.ts';
import { SignallingError } from '../../client/sdk/errors.ts';
import { Pacing } from '../../client/sdk/pacing.ts';

/** A server that takes so many messages at once and so many a second, and ends the connection after too many refusals. */
function server({ burst, perSecond }: { burst: number; perSecond: number }) {
  let now = 0;
  let tokens = burst;
  let at = 0;
  const seen = { refused: 0, mostAtOnce: 0 };
  let atOnce = 0;
  return {
    seen,
    clock: {
      now: () => now,
      wait: (ms: number) => {
        now += ms;
        return Promise.resolve();
      },
    },
    ask: async (): Promise<void> => {
      atOnce += 1;
      seen.mostAtOnce = Math.max(seen.mostAtOnce, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      tokens = Math.min(burst, tokens + ((now - at) * perSecond) / 1_000);
      at = now;
      if (tokens >= 1) {
        tokens -= 1;
        return;
      }
      seen.refused += 1;
      throw new SignallingError('rate_limited', 'no', { retryAfterMs: 1_000 / perSecond });
    },
  };
}

t.test('more requests than a server takes at once are all answered, few of them refused', async (t) => {
  const { ask, clock, seen } = server({ burst: 100, perSecond: 20 });
  const pacing = new Pacing(clock);
  await Promise.all(Array.from({ length: 400 }, () => pacing.run(ask)));
  t.ok(seen.refused < 100, `${seen.refused} were refused; the server ends the connection after 100`);
  t.ok(seen.mostAtOnce <= 64);
  t.ok(clock.now() < 25_000, `it took ${Math.round(clock.now())} ms`);
});

t.test('urgent ones go first', async (t) => {
  const { ask, clock } = server({ burst: 1, perSecond: 20 });
  const pacing = new Pacing(clock);
  const order: string[] = [];
  const run = (name: string, isUrgent: boolean) => pacing.run(ask, isUrgent).then(() => order.push(name));
  await Promise.all([...Array.from({ length: 80 }, () => run('usual', false)), run('urgent', true)]);
  t.ok(order.indexOf('urgent') < 79, `${order.indexOf('urgent')} of 80`);
});

t.test('one that is refused again and again fails, and any other failure at once', async (t) => {
  const { clock } = server({ burst: 1, perSecond: 20 });
  const pacing = new Pacing(clock);
  let asked = 0;
  const refuse = (code: 'rate_limited' | 'not_found') => () => {
    asked += 1;
    return Promise.reject(new SignallingError(code, 'no'));
  };
  await t.rejects(pacing.run(refuse('rate_limited')), { code: 'rate_limited' });
  t.equal(asked, 10);
  await t.rejects(pacing.run(refuse('not_found')), { code: 'not_found' });
  t.equal(asked, 11);
});
