import t from 'tap';
import { Sampler } from '../../server/stats/measuring/sampler.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { microphone } from '../support/tracks.ts';

t.test('a worker that hangs is asked once, and holds up nothing else', async (t) => {
  const server = await testServer(t, { WORKERS: '2', STATS_INTERVAL_MS: '60000' });
  let answers = 0;
  const sampler = new Sampler({
    rooms: server.rooms,
    interval: 60_000,
    sink: { add: () => (answers += 1) },
    log: server.log,
  });
  const [ada, ben] = [await Peer.inRoom(t, server.url, 'tea'), await Peer.inRoom(t, server.url, 'coffee')];
  await Promise.all([ada, ben].map((peer) => peer.request('produce', microphone(peer))));
  await sampler.sample();
  t.equal(answers, 4, 'two transports of each');

  const [first] = server.workers.workers.filter(({ routers }) => routers.size > 0);
  const pid = first?.worker.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  const hung = sampler.sample();
  const again = sampler.sample();
  while (answers < 6) await new Promise((resolve) => setTimeout(resolve, 10));
  await sampler.stop();
  t.pass('a stop does not wait for it');
  process.kill(pid, 'SIGCONT');
  await Promise.all([hung, again]);
  t.equal(answers, 8, 'it was asked once');
});
