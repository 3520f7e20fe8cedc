import t from 'tap';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { camera } from '../support/watching.ts';

t.test('calls wait for no statistics: a database that never takes them', async (t) => {
  const server = await testServer(
    t,
    { STATS_INTERVAL_MS: '1000', STATS_BUFFER_SAMPLES: '2' },
    { statsSink: { write: () => new Promise<void>(() => undefined) } },
  );
  const report = ({ send }: { send: { id: string } }) => ({
    transports: [{ transportId: send.id, atMs: 0, bytesSent: 1, bytesReceived: 1, tracks: [] }],
  });
  const [ada, ben] = [await Peer.inRoom(t, server.url, 'tea'), await Peer.inRoom(t, server.url, 'tea')];
  await ada.request('reportStats', report(ada));
  await ben.request('reportStats', report(ben));
  const { writer } = server.recorder;
  t.equal(writer.buffered, 2);
  const { id } = await ben.request('consume', { producerId: await camera(ada) });
  await ben.request('resumeConsumer', { consumerId: id });
  const cleo = await Peer.inRoom(t, server.url, 'tea');
  await cleo.request('reportStats', report(cleo));
  t.equal(writer.buffered, 2);
  t.equal(writer.dropped + writer.written, 1, 'what has no room is counted');
});
