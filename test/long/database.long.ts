import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import type { Sample } from '../../server/stats/sample.ts';
import { StatsWriter } from '../../server/stats/writing/stats-writer.ts';
import { callWithoutDatabase } from '../support/call-without-database.ts';
import { restartableDatabase } from '../support/restartable-postgres.ts';
import { mistakesIn, sampleOf, trackOf } from '../support/samples.ts';

/** 400 samples a second: of 40 transports, each with 9 tracks. */
const TRANSPORTS = 40;
const TRACKS = 9;

/** In s. */
const BEFORE = 10;
const DOWN = 120;
const SLOW = 60;
const AFTER = 10;

/** Of the measurement of the event loop, in ms. */
const RESOLUTION = 10;

/** Not enough for two minutes. */
const MAX_BUFFERED = 30_000;

/** Longer than a statement may take (3 s), and long enough for some statements, in ms. */
const LOCKED = 3_500;
const FREE = 150;

/** Transports, each with its tracks; every one of them is measured once a second. */
const sources = Array.from({ length: TRANSPORTS }, (_, index) => {
  const whole = sampleOf({ figures: figuresOf(index), protocol: 'udp', candidateType: 'host' });
  const tracks = Array.from({ length: TRACKS }, () => ({ ...whole, track: trackOf() }));
  return [whole, ...tracks];
});

function figuresOf(index: number): Sample['figures'] {
  return {
    upBytes: 100_000 + index,
    downBytes: 300_000,
    upPackets: 120,
    upPacketsLost: index % 3,
    downPackets: 360,
    downPacketsLost: 0,
    upNacks: 1,
    rttMs: 20.5 + index,
    upJitterMs: 2.5,
    score: 9,
    upAvailableBps: 1e6,
    upFps: 29.97,
    upFrameHeight: 720,
  };
}

/** Has the samples locked most of the time, so that most statements wait, or are given up. */
async function slow(pool: Pool, until: number): Promise<number> {
  let locks = 0;
  while (performance.now() < until) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN; LOCK quality_samples IN ACCESS EXCLUSIVE MODE');
      await sleep(LOCKED);
      await client.query('ROLLBACK');
      locks += 1;
    } finally {
      client.release();
    }
    await sleep(FREE);
  }
  return locks;
}

t.test('the database is away for two minutes, and slow for another', async (t) => {
  const database = await restartableDatabase(t);
  const lines: string[] = [];
  const log = pino({}, { write: (line) => lines.push(line) });
  const sink = createStatsSink(database.pool);
  let failures = 0;
  const writer = new StatsWriter({
    sink: {
      write: (samples) =>
        sink.write(samples).catch((error: unknown) => {
          failures += 1;
          throw error;
        }),
    },
    log,
    maxBuffered: MAX_BUFFERED,
    timings: { close: 30_000 },
  });
  const samples: Sample[] = [];
  let [expectedDrops, mostBuffered] = [0, 0];
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  /** Of the event loop, in ms: how late it was, in the phase that is over. */
  const tellDelay = (phase: string) => {
    const late = [50, 99, 100].map((each) => (delay.percentile(each) / 1e6 - RESOLUTION).toFixed(1));
    t.comment(`event loop ${phase}: p50 ${late[0]}, p99 ${late[1]}, max ${late[2]} ms late`);
    t.ok(delay.percentile(50) < 50e6, 'the event loop goes on');
    delay.reset();
  };
  const began = performance.now();
  const epoch = Date.now();
  const phases: Promise<unknown>[] = [];
  const at = (second: number, work: () => Promise<unknown>) =>
    phases.push(sleep(began + second * 1_000 - performance.now()).then(work));
  at(BEFORE, () => {
    tellDelay('before');
    return database.crash();
  });
  at(BEFORE + DOWN, async () => {
    tellDelay('while it is away');
    await database.start();
    const locks = await slow(database.pool, began + 1_000 * (BEFORE + DOWN + SLOW));
    tellDelay('while it is slow');
    t.comment(`locked ${locks} times`);
  });

  for (let second = 1; second <= BEFORE + DOWN + SLOW + AFTER; second += 1) {
    for (const [index, source] of sources.entries()) {
      const due = began + 1_000 * (second + index / TRANSPORTS);
      if (due > performance.now()) await sleep(due - performance.now());
      const now = source.map((sample) => ({ ...sample, endedAt: epoch + second * 1_000 + index }));
      samples.push(...now);
      expectedDrops += Math.max(0, writer.buffered + now.length - MAX_BUFFERED);
      writer.add(now);
      mostBuffered = Math.max(mostBuffered, writer.buffered);
    }
  }
  delay.disable();
  await Promise.all(phases);
  await writer.close();

  tellDelay('in the end');
  t.comment(
    `${samples.length} samples, ${writer.written} written, ${writer.dropped} dropped, ${failures} failures`,
  );
  t.ok(failures > 20, 'the database failed, also while it was slow');
  t.equal(mostBuffered, MAX_BUFFERED, 'the buffer was full, and never more');
  t.ok(writer.dropped > 10_000);
  t.equal(writer.dropped, expectedDrops, 'those beyond the bound, to the last one');
  t.equal(writer.written + writer.dropped, samples.length);
  t.equal(writer.unwritable, 0);

  const stored = await database.pool.query<{ track_id: string; ended_at: Date }>(
    'SELECT track_id, ended_at FROM quality_samples',
  );
  const keys = new Set(stored.rows.map((row) => `${row.track_id} ${row.ended_at.getTime()}`));
  const there = samples.filter((one) => keys.has(`${one.track?.id ?? one.transportId} ${one.endedAt}`));
  t.same([stored.rows.length, there.length], [writer.written, writer.written], 'each once');
  t.same(await mistakesIn(database.pool, there), []);
  const told = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  t.ok(told.length >= 2 && told.length <= 60, `it is told ${told.length} times, not for each try`);
  t.match(told[0], /cannot be written yet/);
  t.match(told.at(-1), /written again/);
});

t.test('a call beside it: nobody notices, and no interval is missing', (t) =>
  callWithoutDatabase(t, DOWN * 1_000),
);
