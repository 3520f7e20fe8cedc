import t from '../support/tap.ts';
import { checkIce } from '../support/ice-check.ts';
import { newUser, Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';

const told = ({ received }: Peer) => received.flatMap((one) => (one.event === 'quality' ? [one.data] : []));

t.test('each is told what was measured of their own transports, and of no one else’s', async (t) => {
  const server = await testServer(t, { STATS_INTERVAL_MS: '60000' });
  const [ada, ben] = [await Peer.inRoom(t, server.url, 'tea'), await Peer.inRoom(t, server.url, 'tea')];
  await checkIce(ada.send);
  await server.recorder.sampler.sample();
  const first = await ada.next('quality');
  t.match(first, { intervalMs: Number, upBitrateBps: Number, downBitrateBps: Number });
  t.ok((first.downBitrateBps ?? 0) > 0, 'the answer to the check');
  t.notOk('upLossRatio' in first || 'upAudioLossRatio' in first, 'there was no packet that could be lost');

  await checkIce(ada.recv);
  await checkIce(ada.send);
  await server.recorder.sampler.sample();
  await ada.next('quality', (data) => data !== first);
  t.equal(told(ada).length, 2, 'both transports are told of as one');
  // Answers come in the order in which all of this was sent.
  await ben.raw('leave', {});
  t.same(told(ben), [], 'who has carried nothing is told nothing');
});

t.test('while a connection is broken nothing is kept; who comes back is told of what is then', async (t) => {
  const server = await testServer(t, { STATS_INTERVAL_MS: '60000' });
  const cookie = await newUser(server.url);
  const ada = await Peer.inRoom(t, server.url, 'tea', cookie);
  await checkIce(ada.send);
  const [participant] = [...server.rooms.rooms][0]?.participants.values() ?? [];
  const broken = new Promise<void>((resolve) => ada.socket.once('close', () => resolve()));
  ada.socket.terminate();
  await broken;
  while ((participant?.listenerCount('notify') ?? 0) > 0)
    await new Promise((resolve) => setImmediate(resolve));
  await server.recorder.sampler.sample();

  const again = await Peer.connect(t, server.url, cookie);
  await again.request('resume', { resumeToken: ada.joined.resumeToken });
  t.same(told(again), []);
  await checkIce(ada.send);
  await server.recorder.sampler.sample();
  await again.next('quality');
  t.equal(told(again).length, 1);
});
