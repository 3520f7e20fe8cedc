import t from '../support/tap.ts';
import { randomUUID } from 'node:crypto';
import { Peer } from '../support/peer.ts';
import { asking, askingWith, pagesOf, problem, production } from '../support/rest.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf } from '../support/tokens.ts';
import { camera } from '../support/watching.ts';

const historyOf = (userId: string) => `/users/${encodeURIComponent(userId)}/streams/history`;

/** A call of two, of whom the first publishes a camera. */
async function call(t: Parameters<typeof Peer.inRoom>[0], server: TestServer, room: string, viewer: string) {
  const ada = await Peer.inRoom(t, server.url, room, {
    token: await tokenOf('ada', { roomJoin: true }, 'Ada'),
  });
  const token = await tokenOf(viewer, { roomJoin: true }, 'Ben');
  const ben = await Peer.inRoom(t, server.url, room, { token });
  return { ada, ben, producerId: await camera(ada) };
}

t.test('who watches what in a room now', async (t) => {
  const server = await testServer(t, production);
  const { ada, ben, producerId } = await call(t, server, 'tea', 'ben');
  const ask = await askingWith(server, { roomAdmin: true, room: 'tea' });
  t.same((await ask('GET', '/rooms/tea/streams')).body, { streams: [] });
  const { id: consumerId, streamId = '' } = await ben.request('consume', { producerId });
  for (const path of ['/rooms/tea/streams', `/rooms/${ada.joined.room.id}/streams`]) {
    const { status, body } = await ask('GET', path);
    t.equal(status, 200);
    const [{ startedAt } = { startedAt: '' }] = body['streams'] as { startedAt: string }[];
    t.match(startedAt, /Z$/);
    t.same(body['streams'], [
      {
        id: streamId,
        userId: 'ben',
        participantId: ben.joined.participantId,
        displayName: 'Ben',
        publisherId: ada.joined.participantId,
        publisherName: 'Ada',
        source: 'camera',
        startedAt,
      },
    ]);
  }
  await ben.request('closeConsumer', { consumerId });
  await server.streams.settled();
  t.same((await ask('GET', '/rooms/tea/streams')).body, { streams: [] });
});

t.test('a user’s history has what was watched in calls and in players outside', async (t) => {
  const server = await testServer(t, production);
  const { ada, ben, producerId } = await call(t, server, 'tea', 'cleo');
  const cleo = await askingWith(server, {}, 'cleo');
  const watched = await ben.request('consume', { producerId });
  const declared = await cleo('POST', '/users/cleo/streams', { label: 'TV' });
  t.match((await cleo('GET', historyOf('cleo'))).body, {
    streams: [{ id: declared.body['id'] }, { id: watched.streamId }],
  });
  await ben.request('closeConsumer', { consumerId: watched.id });
  await server.streams.settled();
  const { status, body, headers } = await cleo('GET', historyOf('cleo'));
  t.equal(status, 200);
  t.equal(headers['link'], undefined);
  const [tv, video] = body['streams'] as Record<string, string>[];
  t.same(tv, {
    id: declared.body['id'],
    origin: 'declared',
    label: 'TV',
    startedAt: declared.body['startedAt'],
  });
  t.same(video, {
    id: watched.streamId,
    origin: 'sfu',
    roomId: ada.joined.room.id,
    roomName: 'tea',
    publisherName: 'Ada',
    source: 'camera',
    startedAt: video?.['startedAt'],
    endedAt: video?.['endedAt'],
    endReason: 'stopped',
  });
  t.match(video, { startedAt: /Z$/, endedAt: /Z$/ });

  const between = async (query: string) => {
    const { body } = await cleo('GET', `${historyOf('cleo')}?${query}`);
    return (body['streams'] as { id: string }[]).map(({ id }) => id);
  };
  // Answers are in whole milliseconds, the database in microseconds.
  const after = new Date(Date.parse(String(tv?.['startedAt'])) + 1).toISOString();
  t.same(await between(`from=${String(video?.['startedAt'])}&to=${after}`), [tv?.['id'], video?.['id']]);
  t.same(await between(`from=${after}`), []);
  t.same(await between(`to=${String(video?.['startedAt'])}`), []);
  t.same(
    await between(`to=${after.replace('Z', '%2B00:00')}`),
    [tv?.['id'], video?.['id']],
    'with an offset',
  );
  t.same(await between(`from=${after}&to=${after}`), []);
});

t.test('page by page, also what began at once', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const ids = Array.from({ length: 9 }, () => randomUUID());
  // Three at each of three microseconds.
  for (const [index, id] of ids.entries()) {
    await pool.query(
      `INSERT INTO streams (id, user_id, origin, started_at, ended_at, end_reason)
       VALUES ($1, 'dan', 'declared', $2, $2, 'stopped')`,
      [id, `2026-01-31T18:00:00.00000${Math.floor(index / 3)}Z`],
    );
  }
  const group = (n: number) =>
    ids
      .slice(3 * n, 3 * n + 3)
      .sort()
      .reverse();
  const expected = [...group(2), ...group(1), ...group(0)];
  const dan = await askingWith(server, {}, 'dan');
  for (const limit of [1, 2, 4, 9, 100]) {
    const pages = await pagesOf(dan, `${historyOf('dan')}?limit=${limit}`, 'streams');
    t.same(
      pages.flat().map(({ id }) => id),
      expected,
      `${limit} a page`,
    );
    t.equal(pages.length, Math.ceil(9 / limit));
  }
  const link = /^<(.+)>; rel="next"$/.exec(
    String((await dan('GET', `${historyOf('dan')}?limit=4`)).headers['link']),
  );
  t.same(
    ((await dan('GET', link?.[1] ?? '')).body['streams'] as { id: string }[]).map(({ id }) => id),
    expected.slice(4, 8),
  );
});

t.test('only the user, or who has statsRead, may look; the query is checked', async (t) => {
  const server = await testServer(t, { ...production, GUESTS: 'on' });
  const self = await askingWith(server, {}, 'eve');
  t.same(await self('GET', historyOf('eve')).then(({ body }) => body), { streams: [] });
  const reader = await askingWith(server, { statsRead: true });
  t.match(await reader('GET', historyOf('eve')), { status: 200 });
  for (const video of [
    {},
    { streamsWrite: true, roomAdmin: true, roomList: true },
    { statsRead: true, room: 'tea' },
  ]) {
    const stranger = await askingWith(server, video, 'fay');
    t.match(await stranger('GET', historyOf('eve')), problem(403, 'forbidden'), JSON.stringify(video));
  }
  const guest = asking(server, undefined);
  t.match(await guest('GET', historyOf('eve')), problem(403, 'forbidden'));
  const closed = asking(await testServer(t, production), undefined);
  t.match(await closed('GET', historyOf('eve')), problem(401, 'unauthorized'));

  for (const query of [
    'from=yesterday',
    'from=2026-01-31',
    'to=2026-02-30T00:00:00Z',
    'to=2026-01-31T00:00:60Z',
    'from=2026-01-31T18:00:00Z&to=2026-01-31T17:59:59Z',
    'limit=0',
    'limit=101',
    'cursor=x',
    'since=2026-01-31T18:00:00Z',
  ]) {
    t.match(await self('GET', `${historyOf('eve')}?${query}`), problem(400, 'bad_request'), query);
  }
  for (const query of ['from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z', 'from=0000-01-01T00:00:00Z']) {
    t.match(await self('GET', `${historyOf('eve')}?${query}`), { status: 200 }, query);
  }
});

t.test('a guest sees the own history', async (t) => {
  const { app } = await testServer(t, { ...production, GUESTS: 'on' });
  const first = await app.inject('/api/v1/validate');
  const cookies = { trivium_guest: (first.cookies as { value: string }[])[0]?.value ?? '' };
  const { userId } = first.json<{ userId: string }>();
  const url = `/api/v1/users/${encodeURIComponent(userId)}/streams`;
  await app.inject({ method: 'POST', url, cookies });
  t.match((await app.inject({ url: `${url}/history`, cookies })).json(), {
    streams: [{ origin: 'declared' }],
  });
});

t.test('who may start a user’s streams and not read them is not told what is watched', async (t) => {
  const server = await testServer(t, production);
  const { ben, producerId } = await call(t, server, 'secret', 'gus');
  const { streamId } = await ben.request('consume', { producerId });
  const writer = await askingWith(server, { streamsWrite: true });
  const path = '/users/gus/streams';
  await writer('POST', path, { label: 'TV' });
  await writer('POST', path);
  const blind = await writer('POST', path);
  t.match(blind, problem(409, 'stream_limit'));
  t.match(blind.body, { limit: 3, current: 3 });
  t.same((blind.body['conflicts'] as object[])[0], { streamId, where: 'other_device' });
  t.notMatch(JSON.stringify(blind.body), /secret|Ada|TV/);
  const names = { conflicts: [{ roomName: 'secret', publisherName: 'Ada' }, { label: 'TV' }, {}] };
  const both = await askingWith(server, { streamsWrite: true, statsRead: true });
  t.match((await both('POST', path)).body, names);
  const self = await askingWith(server, {}, 'gus');
  t.match((await self('POST', path)).body, names);
});
