import fc from 'fast-check';
import t from '../support/tap.ts';
import { rounded } from '../../server/stats/fields.ts';
import { at, RecordedCall } from '../support/recorded-call.ts';
import { askingWith, production } from '../support/rest.ts';
import { testServer } from '../support/server.ts';

/** By linear interpolation between the values around it, as `percentile_cont` and spreadsheets do. */
function percentile(values: number[], p: number): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  const place = ((sorted.length - 1) * p) / 100;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (place % 1);
}

/** Of each participant what was counted in 15 s, of both transports; null: nothing was. */
const counts = fc.option(
  fc.record({ up: fc.nat(50), down: fc.nat(50), packets: fc.integer({ min: 0, max: 400 }) }),
  {
    nil: null,
  },
);

const BUCKETS = 12;
const STEP = 60;

t.test('percentiles are those of the values of 15 s of each participant', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, { statsRead: true });
  let rooms = 0;
  const calls = fc.array(fc.array(counts, { minLength: BUCKETS, maxLength: BUCKETS }), {
    minLength: 1,
    maxLength: 5,
  });
  const fits = fc.asyncProperty(
    calls,
    fc.constantFrom([50], [0, 12.5, 100], [95, 5, 99]),
    async (people, asked) => {
      const room = `percentiles-${rooms++}`;
      const call = await RecordedCall.begin(server.database.pool, room, 0, BUCKETS * 15);
      for (const [n, each] of people.entries()) {
        const person = await call.join(`user${n}`, 0, BUCKETS * 15);
        for (const [bucket, some] of each.entries()) {
          if (!some) continue;
          const period = { from: bucket * 15, until: bucket * 15 + 15, every: 15 };
          call.measure(person, 'send', period, { upPackets: some.packets, upPacketsLost: some.up });
          call.measure(person, 'recv', period, { upPackets: 100, upPacketsLost: some.down });
        }
      }
      await call.write();
      const query = `from=${new Date(at(0)).toISOString()}&to=${new Date(at(BUCKETS * 15)).toISOString()}`;
      const { body } = await ask(
        'GET',
        `/rooms/${room}/stats?step=${STEP}&fields=upLossRatio,upPacketsLost&percentiles=${asked.join()}&${query}`,
      );
      const valuesIn = (
        step: number,
        value: (one: { up: number; down: number; packets: number }) => number,
      ) =>
        people.flatMap((each) =>
          each.slice(step * 4, step * 4 + 4).flatMap((one) => (one ? [value(one)] : [])),
        );
      const columns = (field: 'upLossRatio' | 'upPacketsLost', value: Parameters<typeof valuesIn>[1]) =>
        Object.fromEntries(
          asked.map((p) => [
            String(p),
            Array.from({ length: BUCKETS / 4 }, (_, step) => {
              const found = percentile(valuesIn(step, value), p);
              return found === null ? null : rounded(field, found);
            }),
          ]),
        );
      const expected = {
        upLossRatio: columns('upLossRatio', ({ up, down, packets }) =>
          Math.min(1, (up + down) / (packets + 100)),
        ),
        upPacketsLost: columns('upPacketsLost', ({ up, down }) => up + down),
      };
      t.same(roughly(body['percentiles']), roughly(expected));
    },
  );
  await fc.assert(fits, { numRuns: 15 });
});

/** The last digit may be rounded either way. */
const roughly = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, one: unknown) =>
    typeof one === 'number' ? Number(one.toFixed(4)) : one,
  );

t.test('of a participant, a transport and a user, and of who measured nothing', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'one', 0, 60);
  const ada = await call.join('perc', 0, 60);
  call.measure(ada, 'send', { from: 0, until: 60, every: 15 }, (n) => ({
    upBytes: 1_000 * n,
    upPackets: 10,
  }));
  call.measure(ada, 'recv', { from: 0, until: 60, every: 15 }, { upBytes: 1_000 });
  await call.write();
  const ask = await askingWith(server, { statsRead: true });
  const period = `from=${new Date(at(0)).toISOString()}&to=${new Date(at(60)).toISOString()}`;
  const of = async (path: string) =>
    (await ask('GET', `${path}/stats?step=60&percentiles=0,50,100&fields=upBitrateBps,upLossRatio&${period}`))
      .body['percentiles'];
  const nothing = { '0': [null], '50': [null], '100': [null] };
  const whole = { upBitrateBps: { '0': [533], '50': [1_333], '100': [2_133] }, upLossRatio: nothing };
  t.same(await of(`/participants/${ada.id}`), whole);
  t.same(await of('/users/perc'), whole);
  t.same(await of('/rooms/one'), whole);
  t.same(await of(`/transports/${ada.send}`), {
    upBitrateBps: { '0': [0], '50': [800], '100': [1_600] },
    upLossRatio: nothing,
  });
});
