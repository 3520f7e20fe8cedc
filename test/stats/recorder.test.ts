import t from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { sampleOf } from '../support/samples.ts';
import { testServer } from '../support/server.ts';
import { camera } from '../support/watching.ts';

t.test('calls wait for no statistics: a database that never takes them', async (t) => {
  const server = await testServer(
    t,
    { STATS_INTERVAL_MS: '1000', STATS_BUFFER_SAMPLES: '2' },
    { statsSink: { write: () => new Promise<void>(() => undefined) } },
  );
  const [ada, ben] = [await Peer.inRoom(t, server.url, 'tea'), await Peer.inRoom(t, server.url, 'tea')];
  const { writer } = server.recorder;
  writer.add([sampleOf(), sampleOf()]);
  t.equal(writer.buffered, 2);
  const { id } = await ben.request('consume', { producerId: await camera(ada) });
  await ben.request('resumeConsumer', { consumerId: id });
  const cleo = await Peer.inRoom(t, server.url, 'tea');
  t.equal(cleo.joined.participants.length, 2);
  writer.add([sampleOf()]);
  t.equal(writer.buffered, 2);
  t.equal(writer.dropped + writer.written, 1, 'what has no room is counted');
});
