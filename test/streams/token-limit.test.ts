import t from '../support/tap.ts';
import type { VideoGrant } from '../../server/identity/claims.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { anyToken, tokenSettings as settings } from '../support/tokens.ts';
import { both, counts, publisher } from '../support/watching.ts';

/** Each token is a second newer than the one before. */
let issuedAt = Math.floor(Date.now() / 1000) - 100;
const tokenOf = (userId: string, video: VideoGrant) =>
  anyToken({ sub: userId, iat: (issuedAt += 1), video: { roomJoin: true, ...video } });

t.test('a token may give more videos than the server’s own limit, or fewer, or none', async (t) => {
  const server = await testServer(t, settings);
  const cameras = await Promise.all(Array.from({ length: 6 }, () => publisher(t, server.url, 'tea')));
  for (const maxVideoStreams of [5, 1, 0]) {
    const token = await tokenOf(`user-${maxVideoStreams}`, { maxVideoStreams });
    const viewer = await Peer.inRoom(t, server.url, 'tea', { token });
    t.match(await viewer.next('streams'), { limit: maxVideoStreams, streams: [] });
    const answers = await Promise.all(cameras.map((producerId) => viewer.raw('consume', { producerId })));
    t.equal(answers.filter(({ ok }) => ok).length, maxVideoStreams);
    t.match(
      answers.find(({ ok }) => !ok),
      {
        error: { code: 'stream_limit', limit: maxVideoStreams, current: maxVideoStreams },
      },
    );
    await viewer.request('leave', {});
  }
  t.same(await counts(server), both(0));
});

t.test(
  'with onLimit: replace_oldest a fourth video takes the place of the first, in whatever tab that is',
  async (t) => {
    const server = await testServer(t, settings);
    const cameras = await Promise.all(Array.from({ length: 5 }, () => publisher(t, server.url, 'tea')));
    const token = await tokenOf('ada', { onLimit: 'replace_oldest' });
    const first = await Peer.inRoom(t, server.url, 'tea', { token });
    const second = await Peer.inRoom(t, server.url, 'tea', { token });
    const [producerId = '', ...others] = cameras;
    const { id } = await first.request('consume', { producerId });
    for (const other of others) await second.request('consume', { producerId: other });
    t.match(await first.next('consumerClosed'), { consumerId: id, reason: 'replaced' });
    t.match(await second.next('consumerClosed'), { reason: 'replaced' });
    t.same(await counts(server), both(3));
  },
);

t.test('a refreshed token with a lower limit ends what was started last, at once', async (t) => {
  const server = await testServer(t, settings);
  const cameras = await Promise.all(Array.from({ length: 4 }, () => publisher(t, server.url, 'tea')));
  const viewer = await Peer.inRoom(t, server.url, 'tea', {
    token: await tokenOf('ben', { maxVideoStreams: 4 }),
  });
  const watched = [];
  for (const producerId of cameras) watched.push(await viewer.request('consume', { producerId }));
  await viewer.request('refreshToken', { token: await tokenOf('ben', { maxVideoStreams: 1 }) });
  for (const { id } of watched.slice(1)) {
    t.match(await viewer.next('consumerClosed', ({ consumerId }) => consumerId === id), { reason: 'swept' });
  }
  await viewer.next('streams', ({ limit, streams }) => limit === 1 && streams.length === 1);
  t.same(await counts(server), both(1));
  t.match(await viewer.raw('consume', { producerId: cameras[3] }), {
    error: { code: 'stream_limit', limit: 1 },
  });
  await viewer.request('refreshToken', { token: await tokenOf('ben', {}) });
  t.ok((await viewer.raw('consume', { producerId: cameras[3] })).ok, 'and a higher one holds as soon');
});

t.test('a token refreshed as it was ends nothing, in whatever tab', async (t) => {
  const server = await testServer(t, settings);
  const cameras = await Promise.all(Array.from({ length: 4 }, () => publisher(t, server.url, 'tea')));
  const four = () => tokenOf('dan', { maxVideoStreams: 4 });
  const viewer = await Peer.inRoom(t, server.url, 'tea', { token: await four() });
  for (const producerId of cameras) await viewer.request('consume', { producerId });
  const other = await Peer.inRoom(t, server.url, 'tea', { token: await four() });
  await other.request('refreshToken', { token: await four() });
  t.same(await counts(server), both(4));
});

t.test('who comes back with a lower limit is held to it', async (t) => {
  const server = await testServer(t, settings);
  const cameras = await Promise.all(Array.from({ length: 3 }, () => publisher(t, server.url, 'tea')));
  const before = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('eve', {}) });
  for (const producerId of cameras) await before.request('consume', { producerId });
  before.socket.terminate();
  const after = await Peer.connect(t, server.url, { token: await tokenOf('eve', { maxVideoStreams: 1 }) });
  const { consumerIds } = await after.request('resume', { resumeToken: before.joined.resumeToken });
  t.equal(consumerIds.length, 1);
  t.same(await counts(server), both(1));
});

t.test('who may watch nothing gets nothing in the place of something else either', async (t) => {
  const server = await testServer(t, settings);
  const producerId = await publisher(t, server.url, 'tea');
  const backend = await tokenOf('backend', { streamsWrite: true });
  const declared = await fetch(`${server.url}/api/v1/users/fay/streams`, {
    method: 'POST',
    headers: { authorization: `Bearer ${backend}` },
  });
  const { id } = (await declared.json()) as { id: string };
  const viewer = await Peer.inRoom(t, server.url, 'tea', {
    token: await tokenOf('fay', { maxVideoStreams: 0 }),
  });
  t.match(await viewer.raw('consume', { producerId, replace: id }), {
    error: { code: 'stream_limit', limit: 0 },
  });
  await t.rejects(server.declared.end('fay', id), { code: 'gone' }, 'and what there was has ended');
});

t.test('a player outside and a room share the user’s places, and each learns of the other', async (t) => {
  const server = await testServer(t, settings);
  const cameras = await Promise.all(Array.from({ length: 3 }, () => publisher(t, server.url, 'tea')));
  const token = await tokenOf('cleo', {});
  const viewer = await Peer.inRoom(t, server.url, 'tea', { token });
  const ask = (method: string, path = '', body?: object) =>
    fetch(`${server.url}/api/v1/users/cleo/streams${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  const declared = (await (await ask('POST', '', { label: 'the big screen' })).json()) as { id: string };
  t.match(await viewer.next('streams', ({ streams }) => streams.length === 1), {
    streams: [{ streamId: declared.id, label: 'the big screen', where: 'outside' }],
  });
  for (const producerId of cameras.slice(0, 2)) await viewer.request('consume', { producerId });
  const refusal = await viewer.raw('consume', { producerId: cameras[2] });
  t.match(refusal, {
    error: { code: 'stream_limit', conflicts: [{ streamId: declared.id, where: 'outside' }, {}, {}] },
  });

  t.ok(
    (await viewer.raw('consume', { producerId: cameras[2], replace: declared.id })).ok,
    'the player’s place is taken',
  );
  t.equal((await ask('PUT', `/${declared.id}`)).status, 410, 'which it learns when it renews');
  t.same(await counts(server), both(3));

  const [oldest] = ((await (await ask('GET')).json()) as { streams: { id: string }[] }).streams;
  const taken = await ask('POST', '', { replace: oldest?.id });
  t.equal(taken.status, 201);
  t.match(await viewer.next('consumerClosed'), { reason: 'replaced' });
  t.match(await counts(server), { slots: 3, forwarded: 2 }, 'and the other way round');
  t.equal((await ask('DELETE', `/${((await taken.json()) as { id: string }).id}`)).status, 204);
  t.same(await counts(server), both(2));
});
