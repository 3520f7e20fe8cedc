import fc from 'fast-check';
import t from '../support/tap.ts';
import { Turns } from '../../server/http/turns.ts';

const never = new AbortController().signal;

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}

t.test('of each key so many work at once, the others in the order in which they came', async (t) => {
  const comers = fc.array(fc.constantFrom('ada', 'ben', 'cleo'), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(comers, fc.scheduler(), async (keys, scheduler) => {
      const turns = new Turns({ atOnce: 2, waiting: 100 });
      const [working, began] = [new Map<string, number>(), new Map<string, number[]>()];
      let most = 0;
      const done = keys.map((key, n) =>
        turns.take(key, never, async () => {
          began.set(key, [...(began.get(key) ?? []), n]);
          working.set(key, (working.get(key) ?? 0) + 1);
          most = Math.max(most, ...working.values());
          await scheduler.schedule(Promise.resolve());
          working.set(key, (working.get(key) ?? 0) - 1);
          if (n % 3 === 0) throw new Error('what fails gives its turn on too');
        }),
      );
      const settled = Promise.allSettled(done);
      await scheduler.waitFor(settled);
      if (most > 2) throw new Error(`${most} at once`);
      for (const order of began.values()) {
        if (order.some((one, n) => n > 0 && one < (order[n - 1] ?? 0))) throw new Error(order.join());
      }
      if ([...began.values()].flat().length !== keys.length) throw new Error('somebody was forgotten');
      if (turns.keys !== 0) throw new Error('a key is remembered');
    }),
  );
  t.pass('whatever is done first');
});

t.test('who finds too many waiting is refused, and who has gone gives the place up', async (t) => {
  const turns = new Turns({ atOnce: 1, waiting: 2 });
  const began: string[] = [];
  const begin = (name: string) => () => Promise.resolve(void began.push(name));
  const { promise: work, resolve: finish } = deferred();
  const first = turns.take('ada', never, () => work);
  const going = new AbortController();
  const second = turns.take('ada', going.signal, begin('second'));
  const third = turns.take('ada', never, begin('third'));
  const fourth = turns.take('ada', never, begin('fourth'));
  await t.rejects(fourth, { code: 'rate_limited', detail: { retryAfterMs: Number } });
  await turns.take('ben', never, begin('ben'));
  going.abort();
  await t.rejects(second, { code: 'unavailable' });
  const fifth = turns.take('ada', never, begin('fifth'));
  finish();
  await Promise.all([first, third, fifth]);
  t.same(began, ['ben', 'third', 'fifth']);
  await t.rejects(turns.take('ada', AbortSignal.abort(), begin('gone')), { code: 'unavailable' });
  t.same([began.length, turns.keys], [3, 0]);
});
