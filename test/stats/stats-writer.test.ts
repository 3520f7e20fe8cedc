import fc from 'fast-check';
import { pino } from 'pino';
import t from '../support/tap.ts';
import type { Sample } from '../../server/stats/sample.ts';
import { UnwritableSamplesError, type StatsSink } from '../../server/stats/writing/stats-sink.ts';
import { StatsWriter, type StatsWriterOptions } from '../../server/stats/writing/stats-writer.ts';
import { sampleOf } from '../support/samples.ts';

/** How the next write ends: `lost` writes, but its answer is not heard. */
type End = 'done' | 'failed' | 'lost';

/** A database of a few lines. It takes samples by their number, which is when they ended. */
class FakeSink implements StatsSink {
  /** In the order in which they came. */
  readonly stored: number[] = [];
  readonly sizes: number[] = [];
  /** What is never taken. */
  readonly poison = new Set<number>();
  ends: End[] = [];
  #known = new Set<number>();
  #busy = false;
  #gate: Promise<void> | undefined;

  /** Lets every write wait until the returned function is called. */
  hold(): () => void {
    let open = () => {};
    this.#gate = new Promise((resolve) => (open = resolve));
    return () => {
      this.#gate = undefined;
      open();
    };
  }

  async write(samples: readonly Sample[]): Promise<void> {
    if (this.#busy) throw new Error('two writes at once');
    this.#busy = true;
    this.sizes.push(samples.length);
    await this.#gate;
    this.#busy = false;
    const end = this.ends.shift() ?? 'done';
    const numbers = samples.map(({ endedAt }) => endedAt);
    if (numbers.some((each) => this.poison.has(each))) throw new UnwritableSamplesError('poison');
    if (end === 'failed') throw new Error('down');
    for (const number of numbers) {
      if (!this.#known.has(number)) this.stored.push(number);
      this.#known.add(number);
    }
    if (end === 'lost') throw new Error('connection lost');
  }
}

const numbered = (from: number, count: number): Sample[] =>
  Array.from({ length: count }, (_, index) => sampleOf({ endedAt: from + index }));

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

/** Long enough for everything that does not wait for something outside. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** In ms; no other pause is as long. */
const CLOSE = 1_999;

/** A writer whose pauses are noted, and over at once unless `halt` is called. */
function testWriter(own: Partial<StatsWriterOptions> = {}) {
  const sink = new FakeSink();
  const pauses: number[] = [];
  const lines: { level: number; msg: string; [key: string]: unknown }[] = [];
  let halted = false;
  const writer = new StatsWriter({
    sink,
    log: pino({}, { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) }),
    maxBuffered: 1_000,
    maxBatch: 10,
    timings: { gather: 1, close: CLOSE },
    pause: async (ms, cut) => {
      pauses.push(ms);
      if ((halted || ms === CLOSE) && !cut.aborted) {
        await new Promise((resolve) => cut.addEventListener('abort', resolve, { once: true }));
      }
      await settled();
    },
    ...own,
  });
  return { writer, sink, pauses, lines, halt: () => (halted = true) };
}

const countsOf = ({ written, dropped, unwritable, buffered }: StatsWriter) => ({
  written,
  dropped,
  unwritable,
  buffered,
});

t.test('what is added is written in its order, in batches', async (t) => {
  const { writer, sink, lines } = testWriter();
  writer.add(numbered(0, 4));
  writer.add([]);
  writer.add(numbered(4, 21));
  t.equal(writer.buffered, 25, 'and nothing yet: adding does not wait');
  await writer.close();
  t.same(sink.stored, numbers(0, 25));
  t.same(sink.sizes, [10, 10, 5]);
  t.same(countsOf(writer), { written: 25, dropped: 0, unwritable: 0, buffered: 0 });
  t.same(lines, [], 'of which there is nothing to say');
  writer.add(numbered(25, 2));
  t.same(countsOf(writer), { written: 25, dropped: 2, unwritable: 0, buffered: 0 }, 'after the end');
});

t.test('while a batch is written, no other is', async (t) => {
  const { writer, sink } = testWriter();
  const release = sink.hold();
  writer.add(numbered(0, 3));
  await settled();
  await settled();
  writer.add(numbered(3, 3));
  await settled();
  t.same(sink.sizes, [3]);
  t.equal(writer.buffered, 6);
  release();
  await writer.close();
  t.same(sink.sizes, [3, 3]);
});

t.test('what fails is repeated, with longer and longer pauses, and told once', async (t) => {
  const { writer, sink, pauses, lines } = testWriter();
  sink.ends = [...Array<End>(7).fill('failed'), 'lost', 'done'];
  writer.add(numbered(0, 5));
  while (writer.buffered > 0) await settled();
  t.same(pauses, [1, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000].slice(0, pauses.length));
  t.equal(pauses.length, 9);
  t.same(sink.stored, numbers(0, 5), 'none twice');
  t.match(lines, [
    { level: 40, buffered: 5, err: { message: 'down' }, msg: /cannot be written yet/ },
    { level: 30, dropped: 0, msg: /written again/ },
  ]);
  t.equal(lines.length, 2);
  sink.ends = ['failed'];
  writer.add(numbered(5, 1));
  await writer.close();
  t.equal(lines.length, 4, 'the next time is told again');
});

t.test('when the buffer is full, the oldest of those that wait are dropped', async (t) => {
  const { writer, sink, lines } = testWriter({ maxBuffered: 30 });
  const release = sink.hold();
  sink.ends = ['lost'];
  writer.add(numbered(0, 10));
  await settled();
  writer.add(numbered(10, 20));
  t.equal(writer.dropped, 0, 'within the bound none');
  writer.add(numbered(30, 1));
  writer.add(numbered(31, 4));
  t.same(countsOf(writer), { written: 0, dropped: 5, unwritable: 0, buffered: 30 });
  release();
  await writer.close();
  t.same(sink.stored, [...numbers(0, 10), ...numbers(15, 35)], 'none of the batch that was tried');
  t.same(countsOf(writer), { written: 30, dropped: 5, unwritable: 0, buffered: 0 });
  t.match(lines, [
    { level: 40, msg: /faster than they are written/ },
    { level: 30, dropped: 5, msg: /written again/ },
  ]);
  t.equal(lines.length, 2);
});

t.test('more at once than there is room for', async (t) => {
  const { writer, sink } = testWriter({ maxBuffered: 7 });
  writer.add(numbered(0, 20_000));
  t.equal(writer.dropped, 19_993);
  await writer.close();
  t.same(sink.stored, numbers(19_993, 20_000));
});

t.test('one that is not taken does not hold up the others', async (t) => {
  const { writer, sink, lines } = testWriter();
  sink.poison.add(3).add(17);
  sink.ends = ['done', 'failed', 'lost'];
  writer.add(numbered(0, 20));
  await writer.close();
  t.same(
    sink.stored,
    numbers(0, 20).filter((each) => each !== 3 && each !== 17),
  );
  t.same(countsOf(writer), { written: 18, dropped: 0, unwritable: 2, buffered: 0 });
  const told = lines.filter(({ level }) => level === 50);
  t.match(told, [
    { sample: { endedAt: 3 }, count: 1, err: { message: 'poison' } },
    { sample: { endedAt: 17 }, count: 1 },
  ]);
  t.equal(told.length, 2);
});

t.test('the end: a pause is cut short', async (t) => {
  const { writer, sink, halt } = testWriter();
  halt();
  sink.ends = ['failed'];
  writer.add(numbered(0, 10));
  await settled();
  t.equal(writer.buffered, 10, 'waiting to be tried again');
  const closed = writer.close();
  t.equal(writer.close(), closed);
  await closed;
  t.same(countsOf(writer), { written: 10, dropped: 0, unwritable: 0, buffered: 0 });
});

/** The writer, with its real clock, beside a sink that has stopped to answer. */
async function stuck() {
  const lines: string[] = [];
  const log = pino({}, { write: (line) => lines.push(line) });
  const sink = new FakeSink();
  const writer = new StatsWriter({ sink, log, maxBuffered: 100, maxBatch: 10, timings: { close: 50 } });
  const release = sink.hold();
  writer.add(numbered(0, 12));
  await settled();
  await writer.close();
  return { writer, sink, release, lines };
}

t.test('the end does not wait for ever, and says what is lost', async (t) => {
  const { writer, release, lines } = await stuck();
  t.match(lines.at(-1), /"level":50.*"lost":12,"tried":10/);
  t.same(countsOf(writer), { written: 0, dropped: 12, unwritable: 0, buffered: 0 });
  release();
  await settled();
  t.same(countsOf(writer), { written: 0, dropped: 12, unwritable: 0, buffered: 0 }, 'given up is given up');
});

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 15 }) }) },
  { weight: 4, arbitrary: fc.constant('go on' as const) },
);

t.test('whatever fails, whenever: all are accounted for, none is there twice, and in order', async () => {
  const schedule = fc.record({
    steps: fc.array(step, { maxLength: 60 }),
    ends: fc.array(fc.constantFrom<End[]>('done', 'failed', 'lost'), { maxLength: 30 }),
    poison: fc.uniqueArray(fc.nat({ max: 200 }), { maxLength: 5 }),
    maxBuffered: fc.integer({ min: 1, max: 60 }),
    maxBatch: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(schedule, async ({ steps, ends, poison, maxBuffered, maxBatch }) => {
      /** Writes and pauses that are under way; each goes on when it is told to. */
      const underWay: (() => void)[] = [];
      const told = () => new Promise<void>((resolve) => underWay.push(resolve));
      const fake = new FakeSink();
      fake.ends = [...ends];
      for (const each of poison) fake.poison.add(each);
      const writer = new StatsWriter({
        sink: { write: (samples) => told().then(() => fake.write(samples)) },
        log: pino({ level: 'silent' }),
        maxBuffered,
        maxBatch,
        pause: told,
      });
      let added = 0;
      let expectedDrops = 0;
      const check = () => {
        const { written, dropped, unwritable, buffered } = countsOf(writer);
        if (written + dropped + unwritable + buffered !== added) throw new Error('not all are accounted for');
        if (buffered > maxBuffered) throw new Error('more than there is room for');
        if (dropped !== expectedDrops) throw new Error(`${dropped} dropped, not ${expectedDrops}`);
      };
      const goOn = async () => {
        underWay.shift()?.();
        await settled();
      };
      for (const one of steps) {
        if (one === 'go on') await goOn();
        else {
          expectedDrops += Math.max(0, writer.buffered + one.add - maxBuffered);
          writer.add(numbered(added, one.add));
          added += one.add;
          await settled();
        }
        check();
      }
      while (writer.buffered > 0) await goOn();
      check();
      const { stored } = fake;
      if (stored.some((each, index) => each <= (stored[index - 1] ?? -1))) throw new Error('not in order');
      if (stored.length !== writer.written) throw new Error('what is dropped was written, or none is');
      if (stored.some((each) => poison.includes(each))) throw new Error('poison');
    }),
    { numRuns: 300 },
  );
});
