import { once } from 'node:events';
import t, { type Test } from '../support/tap.ts';
import type { VideoGrant } from '../../server/identity/claims.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';
import {
  anyToken,
  briefToken,
  EXPIRED_AFTER_MS,
  tokenEnd,
  tokenOf,
  tokenSettings,
} from '../support/tokens.ts';
import { camera, microphone } from '../support/tracks.ts';

const inTea = async (t: Test, url: string, userId: string): Promise<JoinedPeer> =>
  Peer.inRoom(t, url, 'tea', { token: await tokenOf(userId) });

const refresh = async (peer: Peer, userId: string, video: VideoGrant) =>
  peer.request('refreshToken', { token: await tokenOf(userId, video) });

t.test('another token keeps the connection, and its grants hold at once', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const [ada, ben] = [await inTea(t, url, 'ada'), await inTea(t, url, 'ben')];
  const video = await ada.request('produce', camera(ada));
  const sound = await ada.request('produce', microphone(ada));

  const asked = Date.now();
  const { expiresAt, expiresInMs } = await refresh(ada, 'ada', {
    roomJoin: true,
    canPublishSources: ['microphone'],
  });
  const told = expiresAt - expiresInMs;
  t.ok(asked <= told && told <= Date.now(), 'by either clock');
  t.ok(expiresInMs > 600_000);
  const closed = { participantId: ada.joined.participantId, producerId: video.producerId };
  t.match(await ben.next('producerClosed'), closed);
  t.match(await ada.next('producerClosed'), closed, 'its own client is told too');
  await t.rejects(ada.request('produce', camera(ada)), { code: 'forbidden' });
  const heard = await ben.request('consume', { producerId: sound.producerId });

  await refresh(ada, 'ada', { roomJoin: true, canPublish: false });
  t.match(await ben.next('consumerClosed'), { consumerId: heard.id, reason: 'producer_closed' });
  await refresh(ada, 'ada', { roomJoin: true });
  t.ok(await ada.request('produce', camera(ada)), 'and wider grants as well');
});

t.test('without canSubscribe nothing is received any more, and no slot is held', async (t) => {
  const { url, streams } = await testServer(t, tokenSettings);
  const [ada, ben] = [await inTea(t, url, 'ada'), await inTea(t, url, 'ben')];
  const { producerId } = await ada.request('produce', camera(ada));
  const seen = await ben.request('consume', { producerId });
  await refresh(ben, 'ben', { roomJoin: true, canSubscribe: false });
  t.match(await ben.next('consumerClosed'), { consumerId: seen.id, reason: 'forbidden' });
  await streams.settled();
  await refresh(ben, 'ben', { roomJoin: true });
  t.ok(await ben.request('consume', { producerId }));
});

t.test('who may not be in the room any more is removed from it', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  for (const video of [{}, { roomJoin: true, room: 'coffee' }]) {
    const [ada, ben] = [await inTea(t, url, 'ada'), await inTea(t, url, 'ben')];
    await refresh(ada, 'ada', video);
    const removed = { participantId: ada.joined.participantId, reason: 'removed' };
    t.match(await ben.next('participantLeft'), removed);
    t.match(await ada.next('participantLeft'), removed, 'its own client is told too');
    await t.rejects(ada.request('createTransport', { direction: 'send' }), { code: 'not_joined' });
    await t.rejects(ada.request('join', { room: 'tea', displayName: 'Ada' }), { code: 'forbidden' });
  }
});

t.test('a token that is not for it changes nothing', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const ada = await inTea(t, url, 'ada');
  await t.rejects(refresh(ada, 'ben', { roomJoin: true }), { code: 'forbidden', message: /another user/ });
  await t.rejects(refresh(ada, 'ada', { roomJoin: true, hidden: true }), {
    code: 'forbidden',
    message: /hidden cannot change/,
  });
  const expired = await anyToken({ exp: 1 });
  await t.rejects(ada.request('refreshToken', { token: expired }), { code: 'unauthorized' });
  t.ok(await ada.request('produce', camera(ada)));
});

/** A server whose clock the test moves. */
async function serverWithClock(t: Test) {
  const clock = new TestClock();
  const { url } = await testServer(t, tokenSettings, { clock });
  return { url, expire: () => clock.advance(EXPIRED_AFTER_MS) };
}

t.test('a connection ends with its token', async (t) => {
  const { url, expire } = await serverWithClock(t);
  const ben = await inTea(t, url, 'ben');
  const token = await briefToken('ada');
  const ada = await Peer.inRoom(t, url, 'tea', { token });
  const idle = await Peer.connect(t, url, { token });
  const ends = Promise.all([tokenEnd(ada), tokenEnd(idle)]);
  expire();
  t.match(await ben.next('participantLeft'), {
    participantId: ada.joined.participantId,
    reason: 'removed',
  });
  t.same(await ends, ['the access token has expired', 'the access token has expired'], 'joined or not');
  t.ok(await ben.request('produce', camera(ben)), 'whose token is good goes on');
});

t.test('a connection whose token is exchanged in time goes on', async (t) => {
  const { url, expire } = await serverWithClock(t);
  const token = await briefToken('ada');
  const ada = await Peer.inRoom(t, url, 'tea', { token });
  const end = tokenEnd(await Peer.connect(t, url, { token }));
  await refresh(ada, 'ada', { roomJoin: true });
  expire();
  await end;
  t.ok(await ada.request('produce', camera(ada)));
});

t.test('a seat that waits ends with its token too', async (t) => {
  const { url, expire } = await serverWithClock(t);
  const ben = await inTea(t, url, 'ben');
  const ada = await Peer.inRoom(t, url, 'tea', { token: await briefToken('ada') });
  ada.socket.terminate();
  await once(ada.socket, 'close');
  expire();
  t.match(await ben.next('participantLeft'), { reason: 'removed' });
});

t.test('who comes back is held to the grants of the token then', async (t) => {
  const { url, expire } = await serverWithClock(t);
  const ben = await inTea(t, url, 'ben');
  const token = await briefToken('ada');
  const ada = await Peer.inRoom(t, url, 'tea', { token });
  const end = tokenEnd(await Peer.connect(t, url, { token }));
  const { producerId } = await ada.request('produce', camera(ada));
  const { resumeToken } = ada.joined;
  ada.socket.terminate();
  await once(ada.socket, 'close');

  const hidden = await Peer.connect(t, url, {
    token: await tokenOf('ada', { roomJoin: true, hidden: true }),
  });
  await t.rejects(hidden.request('resume', { resumeToken }), { code: 'forbidden' });
  const silent = await Peer.connect(t, url, {
    token: await tokenOf('ada', { roomJoin: true, canPublish: false }),
  });
  t.match(await silent.request('resume', { resumeToken }), { producerIds: [] });
  t.match(await ben.next('producerClosed'), { producerId });
  expire();
  await end;
  t.match(await silent.request('createTransport', { direction: 'recv' }).catch(String), /too_many/);

  const elsewhere = await Peer.connect(t, url, { token: await tokenOf('ada', {}) });
  await t.rejects(elsewhere.request('resume', { resumeToken }), { code: 'forbidden' });
  t.match(await ben.next('participantLeft'), { reason: 'removed' });
});
