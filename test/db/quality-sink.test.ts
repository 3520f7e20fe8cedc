import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import pg, { type Pool } from 'pg';
import { pino } from 'pino';
import t, { type Test } from '../support/tap.ts';
import { createPool } from '../../server/db/pool.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { counters, gauges, reporters, type Sample } from '../../server/stats/sample.ts';
import { UnwritableSamplesError } from '../../server/stats/writing/stats-sink.ts';
import { poolForMany } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';
import { countIn, mistakesIn, sampleOf, trackOf } from '../support/samples.ts';

const { pool, connectionString } = await testDatabase(t);
const sink = createStatsSink(pool, { sampleDays: 100 });

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Where an hour, a day and a month begin; not long ago, so that it is taken. */
const midnight = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth(), 1);

/** Where the rollups are not those of these samples. */
const mistakes = (samples: readonly Sample[]) => mistakesIn(pool, samples);

const count = (samples: readonly Sample[]) => countIn(pool, samples);

/** All that a batch may change, as one word for each table. */
async function everything(): Promise<string[]> {
  const tables = ['transports', 'tracks', 'quality_samples', 'transport_rollups', 'room_rollups'];
  const words = tables.map(async (table) => {
    const { rows } = await pool.query<{ word: string }>(
      `SELECT md5(string_agg(row::text, ' ' ORDER BY row::text)) AS word FROM ${table} row`,
    );
    return rows[0]?.word ?? '';
  });
  return Promise.all(words);
}

t.test('a sample, a track, and whose they are', async (t) => {
  const whole = sampleOf({
    intervalMs: 2_000,
    figures: {
      upBytes: 1_000,
      upPackets: 10,
      upPacketsLost: 1,
      downPackets: 0,
      downPacketsLost: 0,
      rttMs: 12.5,
    },
    protocol: 'tcp',
    candidateType: 'relay',
  });
  const track = trackOf();
  const ofTrack = sampleOf({
    ...whole,
    track,
    figures: { downBytes: 50 },
    spatialLayer: 2,
    temporalLayer: 0,
  });
  await sink.write([whole, ofTrack]);
  const { rows } = await pool.query(
    'SELECT * FROM quality_samples WHERE transport_id = $1 ORDER BY track_id = $1',
    [whole.transportId],
  );
  t.match(rows, [
    {
      track_id: track.id,
      down_bytes: '50',
      down_bitrate_bps: 200,
      up_bytes: null,
      spatial_layer: 2,
      temporal_layer: 0,
    },
    {
      track_id: whole.transportId,
      ended_at: new Date(whole.endedAt),
      interval_ms: 2_000,
      up_bytes: '1000',
      up_bitrate_bps: 4_000,
      up_loss_ratio: 0.1,
      down_bytes: null,
      down_bitrate_bps: null,
      down_loss_ratio: null,
      rtt_ms: 12.5,
      score: null,
      protocol: 'tcp',
      candidate_type: 'relay',
      spatial_layer: null,
    },
  ]);
  const { sessionId, participantId, transportId, endedAt } = whole;
  const began = new Date(endedAt - 2_000);
  const transports = await pool.query('SELECT * FROM transports WHERE id = $1', [transportId]);
  t.same(transports.rows, [
    {
      id: transportId,
      session_id: sessionId,
      participant_id: participantId,
      direction: 'send',
      first_sample_at: began,
    },
  ]);
  const tracks = await pool.query('SELECT * FROM tracks WHERE transport_id = $1', [transportId]);
  t.match(tracks.rows, [{ ...track, id: track.id, producer_id: track.producerId, producerId: undefined }]);
  t.same(await mistakes([whole, ofTrack]), [], 'tracks are not in the rollups');
});

/** Samples of two rooms around the turn of a month, in batches as they come: late, again, and more than once. */
const figures = fc
  .record(
    {
      ...Object.fromEntries(counters.map((counter) => [counter, fc.nat({ max: 2 ** 40 })])),
      ...Object.fromEntries(gauges.map((gauge) => [gauge, fc.double({ min: 0, max: 1e7, noNaN: true })])),
    },
    { requiredKeys: [] },
  )
  .map((some): Sample['figures'] => some);

const drawn = fc.record({
  owner: fc.nat({ max: 3 }),
  isTrack: fc.boolean(),
  reporter: fc.constantFrom(...reporters),
  endedAt: fc
    .oneof(
      fc.integer({ min: -2 * HOUR, max: 2 * HOUR }),
      fc.integer({ min: -10, max: 10 }).map((n) => n * 15_000),
    )
    .map((offset) => midnight + offset),
  intervalMs: fc.oneof(
    fc.integer({ min: 1, max: 5_000 }),
    fc.integer({ min: 1, max: HOUR }),
    fc.constantFrom(15_000, 60_000, HOUR),
  ),
  figures,
});

t.test('rollups are what the samples add up to, whatever their intervals, however they come', async () => {
  const property = fc.asyncProperty(
    fc.array(drawn, { minLength: 1, maxLength: 25 }),
    fc.array(fc.array(fc.nat({ max: 24 }), { minLength: 1, maxLength: 25 }), { maxLength: 5 }),
    async (some, batches) => {
      const rooms = [sampleOf(), sampleOf()];
      const owners = [...rooms, ...rooms].map((room) => sampleOf({ sessionId: room.sessionId }));
      const byKey = new Map<string, Sample>();
      for (const { owner, isTrack, ...own } of some) {
        const key = `${owner} ${isTrack} ${own.reporter} ${own.endedAt}`;
        const track = isTrack ? trackOf() : undefined;
        byKey.set(key, sampleOf({ ...owners[owner], ...own, track }));
      }
      const samples = [...byKey.values()];
      for (const batch of batches) {
        const picked = batch.flatMap((index) => samples[index] ?? []);
        await sink.write(picked);
      }
      await sink.write(samples);
      const found = await mistakes(samples);
      if (found.length > 0) throw new Error(found.join('\n'));
      if ((await count(samples)) !== samples.length) throw new Error('not every sample is there once');
    },
  );
  await fc.assert(property, { numRuns: 25 });
});

t.test('what nobody knows is NULL, what somebody knows is their sum', async (t) => {
  const [one, other] = [sampleOf({ endedAt: midnight + 1_000 }), sampleOf({ endedAt: midnight + 2_000 })];
  const room = { sessionId: one.sessionId, reporter: 'browser' as const };
  await sink.write([{ ...one, ...room, figures: { upBytes: 5 } }]);
  await sink.write([{ ...one, ...room, endedAt: midnight + 2_000, figures: { upNacks: 0 } }]);
  await sink.write([{ ...other, ...room, figures: { upBytes: 7, rttMs: 30 } }]);
  const read = async (table: string, id: string) => {
    const { rows } = await pool.query<Record<string, unknown>>(
      `SELECT up_bytes, up_nacks, up_plis, rtt_ms_sum, rtt_ms_weight, measured_ms FROM ${table}
       WHERE ${id} = $1 AND resolution_s = 15`,
      [id === 'session_id' ? one.sessionId : one.transportId],
    );
    return rows;
  };
  const unknown = { up_plis: null, rtt_ms_sum: null, rtt_ms_weight: null };
  t.same(await read('transport_rollups', 'transport_id'), [
    { ...unknown, up_bytes: 5, up_nacks: 0, measured_ms: 2_000 },
  ]);
  t.same(await read('room_rollups', 'session_id'), [
    {
      up_bytes: 12,
      up_nacks: 0,
      up_plis: null,
      rtt_ms_sum: 30_000,
      rtt_ms_weight: 1_000,
      measured_ms: 3_000,
    },
  ]);
});

t.test('of ways the last that is known, also when samples come late', async (t) => {
  const sample = sampleOf({ endedAt: midnight + 5_000 });
  const write = (own: Partial<Sample>) => sink.write([{ ...sample, ...own }]);
  await write({ protocol: 'udp', candidateType: 'host' });
  await write({ endedAt: midnight + 6_000, protocol: 'tcp' });
  await write({ endedAt: midnight + 7_000 });
  await write({ endedAt: midnight + 1_000, protocol: 'udp', candidateType: 'relay' });
  const { rows } = await pool.query(
    'SELECT DISTINCT protocol, candidate_type FROM transport_rollups WHERE transport_id = $1',
    [sample.transportId],
  );
  t.same(rows, [{ protocol: 'tcp', candidate_type: 'host' }]);
});

t.test('a batch again, or twice in one, changes nothing', async (t) => {
  const one = sampleOf({ figures: { upBytes: 10, rttMs: 3 } });
  const track = trackOf();
  const batch = [one, one, { ...one, track }, { ...one, track, endedAt: one.endedAt - 1_000 }];
  await sink.write(batch);
  const before = await everything();
  await sink.write(batch);
  await sink.write(batch.toReversed());
  t.same(await everything(), before);
  t.equal(await count(batch), 3);
  await sink.write([]);
});

/** A way to the database that can lose an answer. */
async function losingWay(t: Test): Promise<{ pool: Pool; loseNext: () => void }> {
  const { host, port, user, password, database } = new pg.Client({ connectionString });
  let losing = false;
  const relay = createServer((client) => {
    const server = host.startsWith('/') ? connect(join(host, `.s.PGSQL.${port}`)) : connect(port, host);
    client.pipe(server).on('error', () => client.destroy());
    client.on('error', () => server.destroy());
    server.on('data', (answer) => {
      // PostgreSQL answers when it has committed.
      if (losing) client.destroy();
      else client.write(answer);
      losing = false;
    });
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const way = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  const through = createPool({
    connectionString: `postgresql://${user}:${password ?? ''}@${way}/${database}`,
    log: pino({ level: 'silent' }),
    max: 1,
  });
  t.teardown(async () => {
    await through.end();
    relay.close();
  });
  return { pool: through, loseNext: () => (losing = true) };
}

t.test('a batch whose answer was lost is not written twice', async (t) => {
  const way = await losingWay(t);
  const own = createStatsSink(way.pool);
  const batch = [sampleOf({ figures: { upBytes: 10 } }), sampleOf({ figures: { rttMs: 5 } })];
  await own.write([sampleOf()]);
  way.loseNext();
  await t.rejects(own.write(batch), { message: /terminated/ });
  t.equal(await count(batch), 2, 'it was committed');
  const before = await everything();
  await own.write(batch);
  t.same(await everything(), before);
  t.same(await mistakes(batch), []);
});

t.test(
  'several at once: the same batch, and others, in any order, none waits for another in a ring',
  async (t) => {
    const many = poolForMany(t, connectionString);
    const [first, ...others] = Array.from({ length: 8 }, () =>
      sampleOf({ figures: { upBytes: 10, rttMs: 4 } }),
    );
    if (!first) throw new Error('no sample');
    const samples = [first, ...others.map((other) => ({ ...other, sessionId: first.sessionId }))].flatMap(
      (one) =>
        Array.from({ length: 20 }, (_, second) => ({ ...one, endedAt: first.endedAt - second * 1_000 })),
    );
    const shuffles = fc.sample(fc.shuffledSubarray(samples, { minLength: 100 }), 12);
    await Promise.all(shuffles.map((batch) => createStatsSink(many).write(batch)));
    await Promise.all([0, 1, 2, 3].map(() => createStatsSink(many).write(samples)));
    t.equal(await count(samples), 160);
    t.same(await mistakes(samples), []);
  },
);

t.test('what cannot be written is said to be so, and nothing of its batch is', async (t) => {
  const good = sampleOf({ figures: { upBytes: 1 } });
  const bad: [string, Partial<Sample>][] = [
    ['no UUID', { transportId: 'x' }],
    ['out of range', { figures: { upBytes: 1e300 } }],
    ['no time at all', { intervalMs: 0 }],
    ['longer than an hour', { intervalMs: HOUR + 1 }],
    ['no number', { intervalMs: Number.NaN }],
    ['no date', { endedAt: Number.NaN }],
    ['of another year', { endedAt: Date.UTC(1970, 0, 2) }],
    ['of the future', { endedAt: Date.now() + 2 * DAY }],
    ['a text that PostgreSQL has not', { track: trackOf({ producerId: '\u0000' }) }],
    ['an unknown source', { track: trackOf({ source: 'x' as 'camera' }) }],
    ['an unknown way', { protocol: 'x' as 'udp' }],
  ];
  for (const [why, own] of bad) {
    await t.rejects(sink.write([good, sampleOf(own)]), UnwritableSamplesError, why);
  }
  const long = Array.from({ length: 21 }, () => sampleOf({ intervalMs: HOUR }));
  await t.rejects(sink.write(long), UnwritableSamplesError, 'too much at once');
  t.equal(await count([good, ...long]), 0);
  await sink.write(long.slice(0, 20));
  t.same(await mistakes(long.slice(0, 20)), []);
});

t.test('what can be mended is no fault of the samples', async (t) => {
  const sample = sampleOf();
  await pool.query('ALTER TABLE tracks RENAME TO tracks_away');
  const error: unknown = await sink.write([sample]).catch((thrown: unknown) => thrown);
  t.ok(error instanceof Error && !(error instanceof UnwritableSamplesError));
  await pool.query('ALTER TABLE tracks_away RENAME TO tracks');
  await sink.write([sample]);
  t.equal(await count([sample]), 1);
});
