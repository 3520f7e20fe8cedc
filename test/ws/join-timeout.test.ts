import { once } from 'node:events';
import t, { type Test } from '../support/tap.ts';
import { closeCodes } from '../../server/protocol/envelope.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';

const JOIN_TIMEOUT_MS = 10_000;

async function serverWithClock(t: Test) {
  const clock = new TestClock();
  const { url, rooms } = await testServer(t, { JOIN_TIMEOUT_MS: String(JOIN_TIMEOUT_MS) }, { clock });
  return { url, rooms, clock };
}

const join = (peer: Peer) => peer.request('join', { room: 'tea', displayName: 'Ada' });

t.test('a connection that joins no room is closed, whatever else it asks', async (t) => {
  const { url, clock } = await serverWithClock(t);
  const [idle, busy, joined] = [
    await Peer.connect(t, url),
    await Peer.connect(t, url),
    await Peer.inRoom(t, url, 'tea'),
  ];
  const closed = [idle, busy].map(({ socket }) => once(socket, 'close') as Promise<[number, Buffer]>);
  clock.advance(JOIN_TIMEOUT_MS / 2);
  await t.rejects(busy.request('leave', {}), { code: 'not_joined' });
  clock.advance(JOIN_TIMEOUT_MS / 2);
  for (const [code, reason] of await Promise.all(closed)) {
    t.same([code, String(reason)], [closeCodes.notJoined, 'in no room for too long']);
  }
  t.ok(await joined.request('restartIce', { transportId: joined.recv.id }), 'who is in a room stays');
});

t.test('a join that is under way then is answered', async (t) => {
  const { url, clock, rooms } = await serverWithClock(t);
  const peer = await Peer.connect(t, url);
  const joinRoom = rooms.join.bind(rooms);
  const begun = new Promise<() => void>((begin) => {
    rooms.join = async (...args) => {
      await new Promise<void>((goOn) => begin(goOn));
      return joinRoom(...args);
    };
  });
  const joining = join(peer);
  const goOn = await begun;
  clock.advance(JOIN_TIMEOUT_MS);
  goOn();
  t.ok(await joining);
  t.ok(await peer.request('createTransport', { direction: 'send' }));
});

t.test('whoever leaves has as long to join again', async (t) => {
  const { url, clock } = await serverWithClock(t);
  const peer = await Peer.connect(t, url);
  clock.advance(JOIN_TIMEOUT_MS - 1_000);
  await join(peer);
  await peer.request('leave', {});
  clock.advance(JOIN_TIMEOUT_MS - 1_000);
  t.ok(await join(peer));
  await peer.request('leave', {});
  const closed = once(peer.socket, 'close');
  clock.advance(JOIN_TIMEOUT_MS);
  t.match(await closed, [closeCodes.notJoined]);
});
