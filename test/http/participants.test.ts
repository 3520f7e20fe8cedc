import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { settings } from '../support/ledger.ts';
import { Peer, newUser } from '../support/peer.ts';
import { askingWith, asking, pagesOf, problem, production } from '../support/rest.ts';
import { testServer } from '../support/server.ts';
import { anyToken, tokenOf } from '../support/tokens.ts';
import { microphone } from '../support/tracks.ts';
import { camera } from '../support/watching.ts';

const host = { roomAdmin: true };

t.test('hosts see who is in a room, who was, and what they publish; hidden ones too', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, host);
  const ada = await Peer.inRoom(t, server.url, 'tea', {
    token: await tokenOf('ada', { roomJoin: true }, 'Ada'),
  });
  const hidden = { token: await tokenOf('monitor', { roomJoin: true, hidden: true }) };
  const monitor = await Peer.inRoom(t, server.url, 'tea', hidden);
  const ben = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ben') });
  const video = await camera(ada);
  const { producerId: audio } = await ada.request('produce', microphone(ada));
  await ada.request('pauseProducer', { producerId: audio });
  await ben.request('leave', {});
  await server.rooms.recorded();

  const one = (peer: typeof ada) => `/rooms/tea/participants/${peer.joined.participantId}`;
  const seen = await ask('GET', one(ada));
  t.equal(seen.status, 200);
  t.match(seen.body, { id: ada.joined.participantId, userId: 'ada', displayName: 'Ada', joinedAt: /Z$/ });
  t.same(seen.body['producers'], [
    { id: video, kind: 'video', source: 'camera', paused: false },
    { id: audio, kind: 'audio', source: 'microphone', paused: true },
  ]);
  t.notOk('leftAt' in seen.body);
  t.match(await ask('GET', one(monitor)), { body: { userId: 'monitor', producers: [] } });
  const left = await ask('GET', one(ben));
  t.match(left.body, { userId: 'ben', leftAt: /Z$/, leaveReason: 'left' });
  t.notOk('producers' in left.body);

  const users = async (query: string) => {
    const pages = await pagesOf<{ userId: string }>(
      ask,
      `/rooms/${ada.joined.room.id}/participants?${query}`,
      'participants',
    );
    return pages.map((page) => page.map(({ userId }) => userId));
  };
  t.same(await users(''), [['monitor', 'ada']], 'the newest first');
  t.same(await users('state=left'), [['ben']]);
  t.same(await users('state=all&limit=2'), [['ben', 'monitor'], ['ada']]);
  await ask('DELETE', '/rooms/tea');
  t.same(await users('state=present'), [[]]);
  t.match((await ask('GET', one(ada))).body, { leaveReason: 'room_closed' });
});

t.test('a host mutes: sound is paused, video ends, and the person may begin again', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, host);
  const ada = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ada') });
  const ben = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ben') });
  const video = await camera(ada);
  const { producerId: audio } = await ada.request('produce', microphone(ada));
  const { participantId } = ada.joined;
  const mute = (body?: object) => ask('POST', `/rooms/tea/participants/${participantId}/mute`, body);

  t.match(await mute(), { status: 204, body: {} });
  for (const peer of [ada, ben]) {
    t.same(await peer.next('producerPaused'), { participantId, producerId: audio });
  }
  t.match(await mute(), { status: 204 }, 'again: nothing more to do');
  await ada.request('resumeProducer', { producerId: audio });
  t.match(await mute({ sources: ['camera'] }), { status: 204 });
  for (const peer of [ada, ben]) {
    t.same(await peer.next('producerClosed'), { participantId, producerId: video });
  }
  t.match(await ask('GET', `/rooms/tea/participants/${participantId}`), {
    body: { producers: [{ id: audio, paused: false }] },
  });
  t.type(await camera(ada), 'string');

  for (const body of [
    { sources: [] },
    { sources: ['radio'] },
    { sources: 'camera' },
    { source: 'camera' },
    [],
  ]) {
    t.match(await mute(body), problem(400, 'bad_request'), JSON.stringify(body));
  }
});

t.test('who is removed does not come back with the same token, nor after a restart', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, host);
  const token = await tokenOf('alma');
  const ada = await Peer.inRoom(t, server.url, 'tea', { token });
  const tab = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('alma') });
  const ben = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ben') });
  const { participantId } = ada.joined;

  t.match(await ask('DELETE', `/rooms/tea/participants/${participantId}`), { status: 204, body: {} });
  for (const peer of [ada, tab]) {
    const removed = { participantId: peer.joined.participantId, reason: 'removed' };
    const isIt = (left: { participantId: string }) => left.participantId === removed.participantId;
    t.same(await peer.next('participantLeft', isIt), removed, 'every tab of the user is out');
    t.same(await ben.next('participantLeft', isIt), removed);
  }
  const list = await ask('GET', '/rooms/tea/participants?state=left');
  t.match(list.body['participants'], [{ leaveReason: 'removed' }, { leaveReason: 'removed' }]);
  t.match(await ask('DELETE', `/rooms/tea/participants/${participantId}`), problem(404, 'not_found'));

  const refuses = async (url: string, credentials: { token?: string; cookie?: string }, room = 'tea') => {
    const peer = await Peer.connect(t, url, credentials);
    await t.rejects(peer.request('join', { room, displayName: 'x' }), { code: 'forbidden' });
  };
  const later = await anyToken({ sub: 'alma', iat: Math.floor(Date.now() / 1000) + 2 });
  await refuses(server.url, { token });
  await Peer.inRoom(t, server.url, 'other', { token });
  await Peer.inRoom(t, server.url, 'tea', { token: later });
  t.pass('another room is fine, and so is a token that is made later');

  const another = { NODE_ID: 'another', SHARED_DATABASE: 'on' };
  const restarted = await testServer(t, { ...production, ...another }, { database: server.database });
  await refuses(restarted.url, { token });
  await Peer.inRoom(t, restarted.url, 'tea', { token: later });
  await Peer.inRoom(t, restarted.url, 'other', { token: await tokenOf('ben') });
});

t.test('a host who is removed rules the room no more', async (t) => {
  const server = await testServer(t, production);
  const grants = { roomJoin: true, roomAdmin: true, roomCreate: true };
  const token = await tokenOf('cohost', grants);
  const cohost = await Peer.inRoom(t, server.url, 'tea', { token });
  const ask = await askingWith(server, host);
  const asCohost = asking(server, token);
  t.match(await asCohost('PATCH', '/rooms/tea', { locked: true }, { 'if-match': '*' }), { status: 200 });
  await ask('DELETE', `/rooms/tea/participants/${cohost.joined.participantId}`);
  for (const [method, path] of [
    ['GET', '/rooms/tea/participants'],
    ['DELETE', '/rooms/tea'],
  ] as const) {
    t.match(await asCohost(method, path), problem(403, 'forbidden'), method);
  }
  await ask('DELETE', '/rooms/tea');
  t.match(await asCohost('POST', '/rooms', { name: 'tea' }), problem(403, 'forbidden'), 'nor opens it again');
  t.match(
    await asCohost('PATCH', '/rooms/tea', { locked: false }, { 'if-match': '*' }),
    problem(403, 'forbidden'),
  );
});

t.test('a guest who is removed stays out too', async (t) => {
  const server = await testServer(t, { ...production, GUESTS: 'on' });
  const ask = await askingWith(server, host);
  const cookie = await newUser(server.url);
  const guest = await Peer.inRoom(t, server.url, 'tea', { cookie });
  t.match(await ask('DELETE', `/rooms/tea/participants/${guest.joined.participantId}`), { status: 204 });
  const again = await Peer.connect(t, server.url, { cookie });
  await t.rejects(again.request('join', { room: 'tea', displayName: 'x' }), { code: 'forbidden' });
  await again.request('join', { room: 'other', displayName: 'x' });
  await Peer.inRoom(t, server.url, 'tea', { cookie: await newUser(server.url) });
});

t.test('who may do what, and what is not there', async (t) => {
  const server = await testServer(t, production);
  const ada = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ada') });
  const milk = await Peer.inRoom(t, server.url, 'milk', { token: await tokenOf('ada') });
  const { participantId, room } = ada.joined;
  const reads = (id: string) =>
    [
      ['GET', `/rooms/${id}/participants`],
      ['GET', `/rooms/${id}/participants/${participantId}`],
      ['GET', `/rooms/${id}/streams`],
    ] as const;
  const acts = (id: string) =>
    [
      ['POST', `/rooms/${id}/participants/${participantId}/mute`],
      ['DELETE', `/rooms/${id}/participants/${participantId}`],
    ] as const;
  const [nobody, stranger] = [
    asking(server, undefined),
    await askingWith(server, { roomJoin: true, roomCreate: true, roomList: true, streamsWrite: true }),
  ];
  const [reader, ofMilk] = [
    await askingWith(server, { statsRead: true }),
    await askingWith(server, { roomAdmin: true, statsRead: true, room: 'milk' }),
  ];
  for (const id of ['tea', room.id]) {
    for (const [method, path] of [...reads(id), ...acts(id)]) {
      t.match(await nobody(method, path), problem(401, 'unauthorized'), `${method} ${path}`);
      t.match(await stranger(method, path), problem(403, 'forbidden'));
      t.match(await ofMilk(method, path), problem(403, 'forbidden'));
    }
    for (const [method, path] of reads(id)) t.match(await reader(method, path), { status: 200 });
    for (const [method, path] of acts(id)) t.match(await reader(method, path), problem(403, 'forbidden'));
  }
  const admin = await askingWith(server, host);
  for (const [method, path] of [...reads('never-seen'), ...acts('never-seen')]) {
    t.match(await admin(method, path), problem(404, 'not_found'), `${method} ${path}`);
  }
  for (const wrong of [milk.joined.participantId, randomUUID(), 'x', '00000000-0000']) {
    const path = `/rooms/tea/participants/${wrong}`;
    t.match(await admin('GET', path), problem(404, 'not_found'), 'nobody of that id, or in another room');
    t.match(await admin('DELETE', path), problem(404, 'not_found'));
    t.match(await admin('POST', `${path}/mute`), problem(404, 'not_found'));
  }
  for (const query of ['state=any', 'limit=0', 'cursor=x', 'x=1']) {
    t.match(await admin('GET', `/rooms/tea/participants?${query}`), problem(400, 'bad_request'), query);
  }
  t.match(await ofMilk('DELETE', `/rooms/milk/participants/${milk.joined.participantId}`), { status: 204 });

  await admin('DELETE', '/rooms/tea');
  for (const [method, path] of acts(room.id)) t.match(await admin(method, path), problem(410, 'gone'));
  for (const [method, path] of reads(room.id)) t.match(await admin(method, path), { status: 200 });
});

t.test('those in a room of another server are seen, without what they publish', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, host);
  const node = { nodeId: randomUUID(), incarnation: randomUUID() };
  await registerNode(server.database.pool, node);
  const journal = createCallJournal(server.database.pool, node);
  const [id, sessionId] = [randomUUID(), randomUUID()];
  await journal.sessionStarted({ id: sessionId, roomName: 'far', startedAt: new Date(), settings });
  await journal.participantJoined({
    id,
    sessionId,
    userId: 'ada',
    displayName: 'Ada',
    hidden: false,
    joinedAt: new Date(),
  });
  const { body } = await ask('GET', '/rooms/far/participants');
  t.match(body, { participants: [{ id, userId: 'ada' }] });
  t.notOk('producers' in ((body['participants'] as object[])[0] ?? {}));
  t.match(await ask('POST', `/rooms/far/participants/${id}/mute`), problem(421, 'elsewhere'));
  t.match(await ask('DELETE', `/rooms/far/participants/${id}`), problem(421, 'elsewhere'));
});
