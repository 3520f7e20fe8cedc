import { once } from 'node:events';
import t from '../support/tap.ts';
import { newUser, Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { both, camera, counts } from '../support/watching.ts';

t.test('a page that is loaded again has its place again, and its slots', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const ada = await Peer.inRoom(t, url, 'tea');
  const cameras = await Promise.all([camera(ada), camera(await Peer.inRoom(t, url, 'tea'))]);
  const cookie = await newUser(url);
  const ben = await Peer.inRoom(t, url, 'tea', cookie);
  const his = await camera(ben);
  for (const producerId of cameras) await ben.request('consume', { producerId });
  t.same(await ben.request('away', {}), { withinMs: 5_000 });
  ben.socket.close(1001);
  await once(ben.socket, 'close');

  const again = await Peer.connect(t, url, cookie);
  const joined = await again.request('join', {
    room: 'tea',
    displayName: 'Ada',
    rtpCapabilities: again.capabilities,
    autoSubscribe: false,
    resumeToken: ben.joined.resumeToken,
  });
  t.equal(joined.participantId, ben.joined.participantId);
  t.match(await ada.next('producerClosed'), { producerId: his });
  t.same(await counts(server), both(0), 'what it received has ended');
  await again.request('createTransport', { direction: 'recv' });
  for (const producerId of cameras) await again.request('consume', { producerId });
  t.same(await counts(server), both(2));
  t.notOk(
    ada.received.some(({ event }) => event === 'participantLeft'),
    'the others have seen nobody leave',
  );

  // Its connection breaks after that: it comes back by the same token.
  again.socket.terminate();
  await once(again.socket, 'close');
  const back = await Peer.connect(t, url, cookie);
  t.match(await back.request('resume', { resumeToken: joined.resumeToken }), { consumerIds: { length: 2 } });
});

t.test('a page that is closed is gone after five seconds, however its socket ended', async (t) => {
  const { url } = await testServer(t, { RESUME_GRACE_MS: '120000' });
  const ada = await Peer.inRoom(t, url, 'tea');
  const pages = await Promise.all([1, 2].map(() => Peer.inRoom(t, url, 'tea')));
  const began = performance.now();
  for (const page of pages) await page.request('away', {});
  pages[0]?.socket.close(1001);
  pages[1]?.socket.terminate();
  for (const { joined } of pages) {
    const left = await ada.next(
      'participantLeft',
      ({ participantId }) => participantId === joined.participantId,
    );
    t.equal(left.reason, 'left');
  }
  t.comment(`${Math.round(performance.now() - began)} ms`);
});

t.test('a page that comes back from the cache keeps its place like any other', async (t) => {
  const { url } = await testServer(t, { RESUME_GRACE_MS: '120000' });
  const ada = await Peer.inRoom(t, url, 'tea');
  const ben = await Peer.inRoom(t, url, 'tea');
  const cleo = await Peer.inRoom(t, url, 'tea');
  for (const page of [ben, cleo]) await page.request('away', {});
  await ben.request('ping', {});
  for (const page of [ben, cleo]) page.socket.terminate();
  await ada.next('participantLeft', ({ participantId }) => participantId === cleo.joined.participantId);
  const back = await Peer.connect(t, url);
  await t.rejects(
    back.request('resume', { resumeToken: ben.joined.resumeToken }),
    { code: 'not_found' },
    'of another user',
  );
  t.notOk(
    ada.received.some(
      ({ event, data }) => event === 'participantLeft' && data.participantId === ben.joined.participantId,
    ),
  );
});

t.test('nobody gets a place by the token of another one, or for another room', async (t) => {
  const { url } = await testServer(t);
  const cookie = await newUser(url);
  const ben = await Peer.inRoom(t, url, 'tea', cookie);
  const { resumeToken, participantId } = ben.joined;
  const ask = async (as: string, room: string, displayName: string) => {
    const peer = await Peer.connect(t, url, as);
    return (await peer.request('join', { room, displayName, resumeToken })).participantId;
  };
  t.not(await ask(await newUser(url), 'tea', 'Ada'), participantId);
  t.not(await ask(cookie, 'coffee', 'Ada'), participantId);
  t.not(await ask(cookie, 'tea', 'Another name'), participantId, 'which the others do not know');
  t.equal(ben.socket.readyState, ben.socket.OPEN);
  t.equal(await ask(cookie, 'tea', 'Ada'), participantId);
});
