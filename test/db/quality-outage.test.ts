import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from '../support/tap.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { StatsWriter } from '../../server/stats/writing/stats-writer.ts';
import { restartableDatabase, type RestartableDatabase } from '../support/restartable-postgres.ts';
import { mistakesIn, sampleOf } from '../support/samples.ts';

/** What happens to the database once the first samples are written. @param refused Resolves when it has refused some. */
type Fault = (database: RestartableDatabase, halfway: Promise<void>, refused: Promise<void>) => Promise<void>;

const falls: Fault = async (database, halfway) => {
  await database.crash();
  await halfway;
  await database.start();
};

/** A statement waits for a lock until it has taken longer than it may. */
const isSlow: Fault = async (database, _halfway, refused) => {
  const client = await database.pool.connect();
  await client.query('BEGIN; LOCK quality_samples IN ACCESS EXCLUSIVE MODE');
  await refused;
  await client.query('ROLLBACK');
  client.release();
};

/** Samples that come every 10 ms, 20 at a time. */
async function outage(t: Test, maxBuffered: number, fault: Fault) {
  const database = await restartableDatabase(t);
  const sink = createStatsSink(database.pool);
  let [tellHalfway, tellRefused] = [() => {}, () => {}];
  const halfway = new Promise<void>((resolve) => (tellHalfway = resolve));
  const refused = new Promise<void>((resolve) => (tellRefused = resolve));
  const writer = new StatsWriter({
    sink: {
      write: (batch) =>
        sink.write(batch).catch((error: unknown) => {
          tellRefused();
          throw error;
        }),
    },
    log: pino({ level: 'silent' }),
    maxBuffered,
    timings: { gather: 10, retry: 20, longestRetry: 200, close: 10_000 },
  });
  const sources = Array.from({ length: 20 }, () => sampleOf({ intervalMs: 10 }));
  const samples = [];
  const began = Date.now();
  let over: Promise<void> | undefined;
  /** How many there were when the fault began. */
  let before = Infinity;
  while (samples.length < 3_000 + Math.min(before, 30_000)) {
    await sleep(10);
    const now = sources.map((source) => ({
      ...source,
      endedAt: began + samples.length / 2,
      figures: { upBytes: 100 },
    }));
    samples.push(...now);
    writer.add(now);
    if (writer.written > 500 && !over) {
      before = samples.length;
      over = fault(database, halfway, refused);
    }
    if (samples.length > before + 2_000) tellHalfway();
  }
  await over;
  await writer.close();
  const stored = await database.pool.query<{ transport_id: string; ended_at: Date }>(
    'SELECT transport_id, ended_at FROM quality_samples',
  );
  const keys = new Set(stored.rows.map((row) => `${row.transport_id} ${row.ended_at.getTime()}`));
  const there = samples.filter((one) => keys.has(`${one.transportId} ${one.endedAt}`));
  const wrong = await mistakesIn(database.pool, there);
  return { writer, added: samples.length, stored: stored.rows.length, there: there.length, wrong };
}

t.test('the database falls for a second: all that there is room for is written, once', async (t) => {
  const { writer, added, stored, there, wrong } = await outage(t, 100_000, falls);
  t.equal(writer.dropped, 0);
  t.same([stored, there, writer.written], [added, added, added]);
  t.same(wrong, []);
});

t.test('the database is too slow for a while: the same', async (t) => {
  const { writer, added, stored, there, wrong } = await outage(t, 100_000, isSlow);
  t.equal(writer.dropped, 0);
  t.same([stored, there, writer.written], [added, added, added]);
  t.same(wrong, []);
});

t.test('what there is no room for is counted, to the last one', async (t) => {
  const { writer, added, stored, there, wrong } = await outage(t, 700, falls);
  t.comment(`${writer.dropped} of ${added} dropped`);
  t.ok(writer.dropped > 500);
  t.equal(writer.written + writer.dropped, added);
  t.same([stored, there], [writer.written, writer.written]);
  t.same(wrong, []);
});
