import t from '../support/tap.ts';
import { Sampler } from '../../server/stats/measuring/sampler.ts';
import type { Sample } from '../../server/stats/sample.ts';
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

t.test('an answer that is read late leaves no gap', async (t) => {
  const server = await testServer(t, { STATS_INTERVAL_MS: '60000' });
  let stoodStill = 0;
  let late = 0;
  server.rooms.on('joined', (_room, { transports }) =>
    transports.on('opened', (transport) => {
      const ask = transport.getStats.bind(transport);
      transport.getStats = async () => {
        const [stat] = await ask();
        if (!stat) throw new Error('no statistics');
        const given = { ...stat, timestamp: stat.timestamp + stoodStill, bytesReceived: stat.timestamp };
        stoodStill += late;
        return [given];
      };
    }),
  );
  const samples: Sample[] = [];
  const sampler = new Sampler({
    rooms: server.rooms,
    interval: 60_000,
    sink: { add: (some) => samples.push(...some.filter(({ direction }) => direction === 'send')) },
    log: server.log,
    now: () => Date.now() + stoodStill,
  });
  await Peer.inRoom(t, server.url, 'tea');
  const measured = async (count: number) => {
    while (samples.length < count) await sampler.sample();
  };
  await measured(1);
  late = 5_000;
  await measured(2);
  late = 0;
  await measured(4);
  const ends = samples.map(({ endedAt }) => endedAt);
  const begins = samples.map(({ endedAt, intervalMs }) => endedAt - intervalMs);
  t.same(
    begins.slice(1).map((begin, index) => Math.round(begin - (ends[index] ?? 0))),
    [0, 0, 0],
  );
});
