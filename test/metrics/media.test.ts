import t from '../support/tap.ts';
import { Scrape } from '../support/metrics.ts';
import { sampleOf, trackOf } from '../support/samples.ts';
import { allWritten, testServer } from '../support/server.ts';
import { UnwritableSamplesError } from '../../server/stats/writing/stats-sink.ts';

const media = (what: string) =>
  ['up', 'down'].map((direction) => `trivium_media_${what}{direction="${direction}"}`);
const samples = ['buffered', 'written_total', 'dropped_total', 'unwritable_total'].map(
  (what) => `trivium_samples_${what}`,
);

t.test('what whole transports carried and lost is added up, by direction', async (t) => {
  const server = await testServer(t);
  const all = [...media('bytes_total'), ...media('packets_total'), ...media('packets_lost_total')];
  t.same((await Scrape.of(server)).values(...all), [0, 0, 0, 0, 0, 0]);
  const send = { upBytes: 1_000, downBytes: 10, upPackets: 20, upPacketsLost: 1, rttMs: 30 };
  const recv = { upBytes: 5, downBytes: 2_000, downPackets: 40, downPacketsLost: 2, rttMs: 600 };
  server.recorder.emit('sampled', [
    sampleOf({ figures: send }),
    sampleOf({ figures: send, track: trackOf() }),
  ]);
  server.recorder.emit('sampled', [sampleOf({ direction: 'recv', figures: recv })]);
  server.recorder.emit('sampled', [sampleOf({ figures: { upBytes: 1, downBytes: 0 } }), sampleOf()]);
  const scrape = await Scrape.of(server);
  t.same(scrape.values(...all), [1_006, 2_010, 20, 40, 1, 2], 'a track is part of its transport');
  const trips = 'trivium_media_round_trip_seconds';
  t.same(
    scrape.values(`${trips}_bucket{le="0.025"}`, `${trips}_bucket{le="0.05"}`, `${trips}_bucket{le="0.5"}`),
    [0, 1, 1],
  );
  t.same(scrape.values(`${trips}_count`, `${trips}_sum`), [2, 0.63]);
});

t.test('samples that the database does not take in time are counted as dropped', async (t) => {
  let take: () => void = () => undefined;
  const taken = new Promise<void>((resolve) => (take = resolve));
  const server = await testServer(t, { STATS_BUFFER_SAMPLES: '2' }, { statsSink: { write: () => taken } });
  const { writer } = server.recorder;
  writer.add([sampleOf(), sampleOf(), sampleOf()]);
  t.same((await Scrape.of(server)).values(...samples), [2, 0, 1, 0]);
  take();
  await allWritten(server.recorder);
  t.same((await Scrape.of(server)).values(...samples), [0, 2, 1, 0]);
});

t.test('samples that the database never takes are counted apart', async (t) => {
  const write = () => Promise.reject(new UnwritableSamplesError('out of range'));
  const server = await testServer(t, {}, { statsSink: { write } });
  server.recorder.writer.add([sampleOf()]);
  await allWritten(server.recorder);
  t.same((await Scrape.of(server)).values(...samples), [0, 0, 0, 1]);
});

t.test('connections to the database are counted by what they are for', async (t) => {
  const server = await testServer(t);
  const client = await server.pools.calls.connect();
  const scrape = await Scrape.of(server);
  client.release();
  t.ok((scrape.value('trivium_database_connections{pool="calls",state="busy"}') ?? 0) >= 1);
  t.equal(scrape.value('trivium_database_waiting{pool="calls"}'), 0);
});

t.test('servers in one process have counters of their own, and share what is of the process', async (t) => {
  const [one, other] = [await testServer(t), await testServer(t)];
  one.recorder.emit('sampled', [sampleOf({ figures: { upBytes: 7, downBytes: 0 } })]);
  const [up = ''] = media('bytes_total');
  t.equal((await Scrape.of(one)).value(up), 7);
  const scrape = await Scrape.of(other);
  t.equal(scrape.value(up), 0);
  t.ok((scrape.value('trivium_process_resident_memory_bytes') ?? 0) > 1e6);
  t.match(scrape.text, /^trivium_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
});
