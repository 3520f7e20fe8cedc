import t, { type Test } from '../support/tap.ts';
import type { VideoGrant } from '../../server/identity/claims.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';
import { camera, microphone } from '../support/tracks.ts';

const join = (room: string) => ({ room, displayName: 'whoever' });

/** Somebody in the room tea, by a token. */
async function inTea(t: Test, url: string, userId: string, video: VideoGrant = {}): Promise<JoinedPeer> {
  return Peer.inRoom(t, url, 'tea', { token: await tokenOf(userId, { roomJoin: true, ...video }) });
}

t.test('roomJoin lets in, and `room` into that one alone', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const none = await Peer.connect(t, url, { token: await tokenOf('ada', {}) });
  await t.rejects(none.request('join', join('tea')), {
    code: 'forbidden',
    message: /needs the grant roomJoin/,
  });
  const token = await tokenOf('ben', { roomJoin: true, room: 'tea' });
  const ben = await Peer.connect(t, url, { token });
  await t.rejects(ben.request('join', join('coffee')), {
    code: 'forbidden',
    message: /for room tea, not for coffee/,
  });
  t.match(await ben.request('join', join('tea')), { room: { name: 'tea' } });
});

t.test('canPublish and canPublishSources are held', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const silent = await inTea(t, url, 'ada', { canPublish: false });
  await t.rejects(silent.request('produce', camera(silent)), { code: 'forbidden', message: /canPublish/ });
  const speaker = await inTea(t, url, 'ben', { canPublishSources: ['microphone'] });
  await t.rejects(speaker.request('produce', camera(speaker)), {
    code: 'forbidden',
    message: /microphone, and no camera/,
  });
  t.ok(await speaker.request('produce', microphone(speaker)));
});

t.test('canSubscribe is held, for sound and videos', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const ada = await inTea(t, url, 'ada');
  const ben = await inTea(t, url, 'ben', { canSubscribe: false });
  for (const track of [camera(ada), microphone(ada)]) {
    const { producerId } = await ada.request('produce', track);
    await t.rejects(ben.request('consume', { producerId }), { code: 'forbidden', message: /canSubscribe/ });
  }
});

t.test('who is hidden is not seen, publishes nothing, and sees the others', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const ada = await inTea(t, url, 'ada');
  const { producerId } = await ada.request('produce', camera(ada));
  const ghost = await inTea(t, url, 'ghost', { hidden: true });
  t.match(ghost.joined.participants, [{ id: ada.joined.participantId }]);
  t.ok(await ghost.request('consume', { producerId }));
  await t.rejects(ghost.request('produce', camera(ghost)), { code: 'forbidden', message: /hidden/ });
  const ben = await inTea(t, url, 'ben');
  t.match(
    ben.joined.participants.map(({ id }) => id),
    [ada.joined.participantId],
  );
  await ghost.request('leave', {});
  await ben.request('leave', {});
  await ada.next('participantLeft', ({ participantId }) => participantId === ben.joined.participantId);
  const others = new Set(
    ada.received.flatMap(({ event, data }) =>
      event === 'participantJoined' ? [data.id] : event === 'participantLeft' ? [data.participantId] : [],
    ),
  );
  t.same([...others], [ben.joined.participantId], 'nothing was ever told of the hidden one');
});

t.test('the token’s name is shown, whatever the client says', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const ada = await inTea(t, url, 'ada');
  const token = await tokenOf('ben', { roomJoin: true }, 'Benedikt');
  await Peer.inRoom(t, url, 'tea', { token });
  t.match(await ada.next('participantJoined'), { displayName: 'Benedikt' });
});
