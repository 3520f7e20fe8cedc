import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import t from '../support/tap.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createSlotLedger } from '../../server/db/slots.ts';
import type { SlotLedger, StreamRecord } from '../../server/streams/slot-ledger.ts';
import { allow, declaredOf, heldIds, LEASE, LIMIT, poolForMany, testNode } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';

const database = await testDatabase(t);
const pool = poolForMany(t, database.connectionString);

const NODES = 2;
const nodes = await Promise.all(Array.from({ length: NODES }, () => testNode(pool)));

function ledgerOf(index: number): SlotLedger {
  const node = nodes[index];
  if (!node) throw new Error('no such node');
  return node.ledger;
}

/** Where a stream runs: on a node, by its number, or outside the SFU. */
type Place = number | 'outside';

interface Held {
  record: StreamRecord;
  place: Place;
}

/** What the ledger ought to know of one user: a list and a number. */
interface Model {
  held: Held[];
  limit: number;
}

const place = fc.oneof(fc.integer({ min: 0, max: NODES - 1 }), fc.constant('outside' as const));
const pick = fc.nat({ max: 20 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('start' as const), place }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('replace' as const), pick, place }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end twice' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('starts at once' as const),
      count: fc.integer({ min: 2, max: 8 }),
      place,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('crash' as const), node: fc.integer({ min: 0, max: NODES - 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('limit' as const), limit: fc.integer({ min: 0, max: 5 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Run {
  readonly user: string = randomUUID();
  readonly model: Model = { held: [], limit: LIMIT };
  #ledgers = nodes.map(({ node }) => createSlotLedger(pool, node, { lease: LEASE, limit: LIMIT }));
  #current = nodes.map(({ node }) => node);

  async take(one: Step): Promise<void> {
    const { model, user } = this;
    const chosen = 'pick' in one ? model.held[one.pick % (model.held.length || 1)] : undefined;
    switch (one.do) {
      case 'start':
        return this.#start([this.#record(one.place)]);
      case 'starts at once':
        return this.#start(Array.from({ length: one.count }, () => this.#record(one.place)));
      case 'replace': {
        const next = this.#record(one.place);
        const former = chosen?.record.id ?? randomUUID();
        const moves =
          chosen !== undefined &&
          (chosen.place === 'outside' || one.place === 'outside' || chosen.place === one.place);
        const by = chosen?.place !== 'outside' && one.place === 'outside' ? chosen?.place : next.place;
        const moved = await this.#ledger(by ?? 'outside').replace(former, next.record);
        if (moved !== moves) throw new Error(`replace said ${moved}`);
        if (moves) model.held = model.held.map((held) => (held === chosen ? next : held));
        return;
      }
      case 'end':
      case 'end twice':
        if (!chosen) return;
        await this.#ledger(chosen.place).release(chosen.record, 'stopped');
        if (one.do === 'end twice') await this.#ledger('outside').release(chosen.record, 'stopped');
        model.held = model.held.filter((held) => held !== chosen);
        return;
      case 'crash': {
        const again = { nodeId: this.#current[one.node]?.nodeId ?? '', incarnation: randomUUID() };
        await registerNode(pool, again);
        this.#current[one.node] = again;
        this.#ledgers[one.node] = createSlotLedger(pool, again, { lease: LEASE, limit: LIMIT });
        model.held = model.held.filter((held) => held.place !== one.node);
        return;
      }
      case 'expire': {
        await pool.query(
          `UPDATE slots SET lease_until = now() - interval '1 second' WHERE user_id = $1 AND node_id IS NULL`,
          [user],
        );
        await this.#ledger('outside').sweepExpired('declared');
        model.held = model.held.filter((held) => held.place !== 'outside');
        return;
      }
      case 'limit': {
        const ended = await allow(this.#ledger('outside'), user, one.limit);
        model.limit = one.limit;
        const surplus = Math.max(0, model.held.length - one.limit);
        if (ended.length !== surplus) throw new Error(`${ended.length} ended, not ${surplus}`);
        model.held = model.held.filter(({ record }) => !ended.includes(record.id));
      }
    }
  }

  /** Ledger and model agree, at every instant. */
  async check(): Promise<void> {
    const held = await heldIds(pool, this.user);
    const expected = this.model.held.map(({ record }) => record.id);
    if (held.length > this.model.limit)
      throw new Error(`${held.length} held, ${this.model.limit} is the limit`);
    if (String([...held].sort()) !== String([...expected].sort())) {
      throw new Error(`the ledger has ${held.join(' ')}, the model ${expected.join(' ')}`);
    }
  }

  async endAll(): Promise<void> {
    for (const { record, place } of this.model.held) await this.#ledger(place).release(record, 'stopped');
    this.model.held = [];
    await this.check();
    const { rowCount } = await pool.query('SELECT FROM streams WHERE user_id = $1 AND ended_at IS NULL', [
      this.user,
    ]);
    if (rowCount !== 0) throw new Error(`${rowCount} streams have not ended`);
  }

  #ledger(place: Place): SlotLedger {
    const ledger = this.#ledgers[place === 'outside' ? 0 : place];
    if (!ledger) throw new Error('no such node');
    return ledger;
  }

  #record(place: Place): Held {
    const record = place === 'outside' ? declaredOf(this.user) : nodes[place]?.streamOf(this.user);
    if (!record) throw new Error('no such node');
    return { record, place };
  }

  /** Of N starts at once on k free slots exactly min(N, k) succeed. */
  async #start(wanted: Held[]): Promise<void> {
    const { model } = this;
    const free = Math.max(0, model.limit - model.held.length);
    const answers = await Promise.all(wanted.map(({ record, place }) => this.#ledger(place).acquire(record)));
    const granted = wanted.filter((_, index) => answers[index]?.granted);
    if (granted.length !== Math.min(wanted.length, free))
      throw new Error(`${granted.length} granted, ${free} were free`);
    model.held.push(...granted);
  }
}

t.test(
  'whatever is done to slots, in whatever order, the ledger agrees with a list and a number',
  async (t) => {
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (schedule) => {
        const run = new Run();
        for (const one of schedule) {
          await run.take(one);
          await run.check();
          steps += 1;
        }
        await run.endAll();
      }),
      { numRuns: 150, seed: 5 },
    );
    t.ok(steps > 1_000, `${steps} steps`);
  },
);

t.test('fifty at once, hundreds of times: exactly as many as are free', async (t) => {
  const wrong: string[] = [];
  for (let trial = 0; trial < 300; trial += 1) {
    const user = randomUUID();
    const taken = trial % 4;
    const start = (index: number) => ledgerOf(index % NODES).acquire(declaredOf(user));
    for (let i = 0; i < taken; i += 1) await start(i);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => start(index)));
    const granted = answers.filter((answer) => answer.granted).length;
    if (granted !== 3 - taken) wrong.push(`${granted} granted of ${3 - taken}`);
    if ((await heldIds(pool, user)).length !== 3) wrong.push('the table has not three');
  }
  t.same(wrong, []);
});
