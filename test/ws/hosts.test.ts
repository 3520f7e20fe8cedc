import { once } from 'node:events';
import t, { type Test } from '../support/tap.ts';
import { Peer, newUser, type JoinedPeer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { anyToken, tokenOf, tokenSettings } from '../support/tokens.ts';
import { camera, microphone } from '../support/tracks.ts';

const hostGrants = { roomJoin: true, roomAdmin: true, room: 'tea' };

const host = async (t: Test, url: string) =>
  Peer.inRoom(t, url, 'tea', { token: await tokenOf('host', hostGrants) });

const idOf = ({ joined }: JoinedPeer) => joined.participantId;

t.test('permissions are told on joining', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  t.same(hosting.joined.permissions, {
    publish: ['camera', 'microphone', 'screen_share', 'screen_share_audio'],
    subscribe: true,
    admin: true,
  });
  const token = await tokenOf('ben', { roomJoin: true, canPublishSources: ['microphone'] });
  const ben = await Peer.inRoom(t, url, 'tea', { token });
  t.same(ben.joined.permissions, { publish: ['microphone'], subscribe: true, admin: false });
  t.equal(ben.joined.room.locked, false);
  await ben.request('refreshToken', { token: await tokenOf('ben', { roomJoin: true, roomAdmin: true }) });
  t.match(await ben.next('permissions'), { admin: true }, 'and when they change');
});

t.test('who is no host is refused every tool', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  const tokens = [
    await tokenOf('plain'),
    await tokenOf('foreign', { roomJoin: true, roomAdmin: true, room: 'coffee' }),
  ];
  const [plain, foreign] = await Promise.all([
    Peer.inRoom(t, url, 'tea', { token: tokens[0] ?? '' }),
    Peer.inRoom(t, url, 'coffee', { token: tokens[1] ?? '' }),
  ]);
  const participantId = idOf(hosting);
  for (const guest of [plain, await Peer.inRoom(t, url, 'tea')]) {
    for (const [method, data] of [
      ['muteParticipant', { participantId }],
      ['removeParticipant', { participantId }],
      ['updateRoom', { locked: true }],
      ['closeRoom', {}],
    ] as const) {
      t.match(await guest.raw(method, data), { ok: false, error: { code: 'forbidden' } }, method);
    }
  }
  for (const method of ['muteParticipant', 'removeParticipant'] as const) {
    const answer = await foreign.raw(method, { participantId });
    t.match(answer, { ok: false, error: { code: 'not_found' } }, `${method}: a host of another room`);
  }
  const outside = await Peer.connect(t, url);
  t.match(await outside.raw('closeRoom', {}), { ok: false, error: { code: 'not_joined' } });
});

t.test('mute: sound is paused, pictures end, and who was muted may begin again', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  const ben = await Peer.inRoom(t, url, 'tea');
  const cleo = await Peer.inRoom(t, url, 'tea');
  const participantId = idOf(ben);
  const { producerId: sound } = await ben.request('produce', microphone(ben));
  const { producerId: picture } = await ben.request('produce', camera(ben));

  await hosting.request('muteParticipant', { participantId });
  for (const one of [ben, cleo, hosting]) {
    t.same(await one.next('producerPaused'), { participantId, producerId: sound });
  }
  await ben.request('resumeProducer', { producerId: sound });
  t.same(await cleo.next('producerResumed'), { participantId, producerId: sound });

  await hosting.request('muteParticipant', { participantId, sources: ['camera'] });
  for (const one of [ben, cleo]) {
    t.same(await one.next('producerClosed'), { participantId, producerId: picture });
  }
  await ben.request('produce', camera(ben));
  for (const data of [
    { participantId: 'nobody' },
    { participantId, sources: [] },
    { participantId, sources: ['voice'] },
  ]) {
    const answer = await hosting.raw('muteParticipant', data);
    t.match(answer, { ok: false, error: { code: data.sources ? 'bad_request' : 'not_found' } });
  }
});

t.test('who was muted while the connection was broken learns it when it is back', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  const cookie = await newUser(url);
  const ben = await Peer.inRoom(t, url, 'tea', cookie);
  const { producerId: sound } = await ben.request('produce', microphone(ben));
  const { producerId: picture } = await ben.request('produce', camera(ben));
  ben.socket.terminate();
  const sources = ['microphone', 'camera'] as const;
  await hosting.request('muteParticipant', { participantId: idOf(ben), sources: [...sources] });
  const back = await Peer.connect(t, url, cookie);
  const resumed = await back.request('resume', { resumeToken: ben.joined.resumeToken });
  t.same(resumed.producerIds, [sound]);
  t.same(resumed.mutedByHost.sort(), [sound, picture].sort());
  await back.request('resumeProducer', { producerId: sound });
  back.socket.terminate();
  const again = await Peer.connect(t, url, cookie);
  const { mutedByHost } = await again.request('resume', { resumeToken: ben.joined.resumeToken });
  t.same(mutedByHost, [picture], 'who unmuted themselves is not muted');
});

t.test('remove: from every tab, and not in again with the same token', async (t) => {
  const server = await testServer(t, tokenSettings);
  const { url } = server;
  const hosting = await host(t, url);
  const old = await anyToken({ sub: 'ben', iat: Math.floor(Date.now() / 1000) - 60 });
  const tabs = [
    await Peer.inRoom(t, url, 'tea', { token: old }),
    await Peer.inRoom(t, url, 'tea', { token: old }),
  ];
  const elsewhere = await Peer.inRoom(t, url, 'coffee', { token: old });
  await hosting.request('removeParticipant', { participantId: idOf(tabs[0] as JoinedPeer) });
  for (const tab of tabs) {
    t.same(await tab.next('participantLeft', ({ participantId }) => participantId === idOf(tab)), {
      participantId: idOf(tab),
      reason: 'removed',
    });
    t.match(await tab.raw('join', { room: 'tea', displayName: 'Ben' }), { error: { code: 'forbidden' } });
  }
  t.match(await elsewhere.raw('leave', {}), { ok: true }, 'other rooms go on');
  const again = await Peer.connect(t, url, { token: old });
  t.match(await again.raw('join', { room: 'tea', displayName: 'Ben' }), {
    error: { code: 'forbidden', message: /removed/ },
  });
  t.match(await again.raw('join', { room: 'coffee', displayName: 'Ben' }), { ok: true });

  const another = { NODE_ID: 'another', SHARED_DATABASE: 'on' };
  const restarted = await testServer(t, { ...tokenSettings, ...another }, { database: server.database });
  const later = await Peer.connect(t, restarted.url, { token: old });
  t.match(
    await later.raw('join', { room: 'tea', displayName: 'Ben' }),
    { error: { code: 'forbidden' } },
    'nor after a restart',
  );
  const fresh = await anyToken({ sub: 'ben', iat: Math.floor(Date.now() / 1000) + 2 });
  const invited = await Peer.connect(t, url, { token: fresh });
  t.match(
    await invited.raw('join', { room: 'tea', displayName: 'Ben' }),
    { ok: true },
    'a later token lets in',
  );
});

t.test('remove: a token whose maker’s clock is ahead does not let in again either', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  const first = await anyToken({ sub: 'ben', iat: Math.floor(Date.now() / 1000) + 20, jti: 'first' });
  const second = await anyToken({ sub: 'ben', iat: Math.floor(Date.now() / 1000) + 20, jti: 'second' });
  const ben = await Peer.inRoom(t, url, 'tea', { token: first });
  await ben.request('refreshToken', { token: second });
  await hosting.request('removeParticipant', { participantId: idOf(ben) });
  for (const token of [first, second]) {
    const again = await Peer.connect(t, url, { token });
    t.match(await again.raw('join', { room: 'tea', displayName: 'Ben' }), { error: { code: 'forbidden' } });
  }
});

t.test('remove: a guest is known by the cookie; nobody removes themselves', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  const cookie = await newUser(url);
  const guest = await Peer.inRoom(t, url, 'tea', cookie);
  await hosting.request('removeParticipant', { participantId: idOf(guest) });
  await guest.next('participantLeft');
  const again = await Peer.connect(t, url, cookie);
  t.match(await again.raw('join', { room: 'tea', displayName: 'Ben' }), { error: { code: 'forbidden' } });
  t.match(await again.raw('resume', { resumeToken: guest.joined.resumeToken }), {
    error: { code: 'not_found' },
  });
  for (const [participantId, code] of [
    [idOf(hosting), 'bad_request'],
    [idOf(guest), 'not_found'],
  ]) {
    const answer = await hosting.raw('removeParticipant', { participantId });
    t.match(answer, { ok: false, error: { code } });
  }
});

t.test('lock: nobody new gets in but hosts; those inside stay and may come back', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  const cookie = await newUser(url);
  const ben = await Peer.inRoom(t, url, 'tea', cookie);
  await hosting.request('updateRoom', { locked: true });
  for (const one of [hosting, ben]) t.same(await one.next('roomUpdated'), { locked: true });
  const late = await Peer.connect(t, url);
  const join = { room: 'tea', displayName: 'Cleo' };
  t.match(await late.raw('join', join), { ok: false, error: { code: 'room_locked' } });
  const second = await Peer.inRoom(t, url, 'tea', { token: await tokenOf('second', hostGrants) });
  t.equal(second.joined.room.locked, true);
  ben.socket.terminate();
  const back = await Peer.connect(t, url, cookie);
  t.match(await back.request('resume', { resumeToken: ben.joined.resumeToken }), { room: { locked: true } });
  await second.request('updateRoom', { locked: false });
  t.same(await back.next('roomUpdated'), { locked: false });
  t.match(await late.raw('join', join), { ok: true });
});

t.test('end for all', async (t) => {
  const { url, rooms } = await testServer(t, tokenSettings);
  const hosting = await host(t, url);
  const ben = await Peer.inRoom(t, url, 'tea');
  const closed = Promise.all([hosting, ben].map(({ socket }) => once(socket, 'close')));
  void hosting.raw('closeRoom', {});
  t.same(await ben.next('roomClosed'), { reason: 'room_closed' });
  for (const [code] of (await closed) as [number][]) t.equal(code, 4010);
  t.equal(rooms.find('tea'), undefined);
  const fresh = await Peer.inRoom(t, url, 'tea');
  t.not(fresh.joined.room.id, ben.joined.room.id, 'the name can be used again');
});
