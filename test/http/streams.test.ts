import { randomUUID } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import t, { type Test } from '../support/tap.ts';
import { makeToken } from '../../server/identity/make-token.ts';
import { heldIds } from '../support/ledger.ts';
import { Peer } from '../support/peer.ts';
import { stoppableDatabase } from '../support/postgres.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { publisher } from '../support/watching.ts';

const api = { API_KEY: 'key', API_SECRET: '4f1c9a7be2d05836a1c4e7f90b2d6853' };
/** What strangers are refused can be seen only where guests may not look at everything. */
const production = { ...api, NODE_ENV: 'production' };

type Video = Parameters<typeof makeToken>[0]['video'];

const tokenOf = (userId: string, video: Video = {}) =>
  makeToken({ userId, video, ttl: 600 }, { key: api.API_KEY, secret: api.API_SECRET });

const streamsOf = (userId: string) => `/api/v1/users/${encodeURIComponent(userId)}/streams`;

/** Asks as somebody. @returns the status, the body and the headers. */
function asking({ app }: TestServer, token: string | undefined) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: InjectOptions['payload'],
  ) => {
    const answer = await app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
    const body = answer.body === '' ? undefined : answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, body, headers: answer.headers };
  };
}

/** A user with a token, who declares streams. */
async function player(server: TestServer, userId: string, video: Video = {}) {
  const ask = asking(server, await tokenOf(userId, video));
  const start = async (payload?: object) => {
    const { body } = await ask('POST', streamsOf(userId), payload);
    return body?.['id'] as string;
  };
  return { ask, start, mine: streamsOf(userId) };
}

const problem = (status: number, code: string) => ({
  status,
  body: { status, code, type: `/api/v1/problems/${code}`, detail: String },
  headers: { 'content-type': /^application\/problem\+json/ },
});

t.test('a player declares a stream, renews it and ends it', async (t) => {
  const server = await testServer(t, { ...production, DECLARED_LEASE_MS: '60000' });
  const { ask, mine } = await player(server, 'ada');
  const started = await ask('POST', mine, { label: 'Living room' });
  t.match(started, { status: 201, body: { label: 'Living room', renewWithinMs: 60_000 } });
  const { id, startedAt, leaseUntil } = started.body as Record<'id' | 'startedAt' | 'leaseUntil', string>;
  t.equal(Date.parse(leaseUntil) - Date.parse(startedAt), 60_000);
  const location = String(started.headers.location);
  t.equal(location, `${mine}/${id}`);

  // Times are told in whole ms: in the same one nothing would seem to be later.
  while (Date.now() <= Date.parse(startedAt));
  const renewed = await ask('PUT', location);
  t.match(renewed, { status: 200, body: { id, label: 'Living room', startedAt, renewWithinMs: 60_000 } });
  t.ok(Date.parse(String(renewed.body?.['leaseUntil'])) > Date.parse(leaseUntil));
  t.same((await ask('GET', mine)).body, {
    limit: 3,
    streams: [
      { id, origin: 'declared', label: 'Living room', startedAt, leaseUntil: renewed.body?.['leaseUntil'] },
    ],
  });

  t.match(await ask('DELETE', location), { status: 204, body: undefined });
  t.match(await ask('DELETE', location), problem(410, 'gone'));
  t.match(await ask('PUT', location), problem(410, 'gone'));
  t.same((await ask('GET', mine)).body, { limit: 3, streams: [] });
});

t.test('it needs no body, and refuses one that does not fit', async (t) => {
  const server = await testServer(t, production);
  const { ask, mine } = await player(server, 'ben');
  t.equal((await ask('POST', mine)).status, 201);
  t.equal((await ask('POST', mine, {})).status, 201);
  for (const body of [
    { lable: 'x' },
    { label: 7 },
    { label: '' },
    { label: 'x'.repeat(129) },
    { label: 'a\0b' },
    { label: null },
    { replace: 1 },
    { onLimit: 'replace' },
    { limit: 10 },
    [],
  ]) {
    t.match(await ask('POST', mine, body), problem(400, 'bad_request'), JSON.stringify(body));
  }
  t.equal(
    (await ask('POST', mine, { label: '👩‍👩‍👧‍👦'.repeat(18) })).status,
    201,
    'in any script, up to 128 code points',
  );
  t.match(await ask('POST', mine, { label: 'x'.repeat(70_000) }), problem(413, 'bad_request'));
});

t.test('with every slot held it is refused with what holds them, and may replace one', async (t) => {
  const server = await testServer(t, production);
  const { ask, start, mine } = await player(server, 'cleo');
  const first = await start({ label: 'a' });
  const second = await start({ label: 'b' });
  await start();
  const refused = await ask('POST', mine);
  t.match(refused, problem(409, 'stream_limit'));
  t.match(refused.body, { limit: 3, current: 3, conflicts: [{ streamId: first, label: 'a' }, {}, {}] });

  const fourth = await start({ replace: second });
  t.match(await ask('PUT', `${mine}/${second}`), problem(410, 'gone'), 'who lost it learns so');
  t.match(await ask('PUT', `${mine}/${first}`), { status: 200 });
  const fifth = await start({ onLimit: 'replace_oldest' });
  t.match(await ask('PUT', `${mine}/${first}`), problem(410, 'gone'));
  const { body } = await ask('GET', mine);
  const ids = (body?.['streams'] as { id: string }[]).map(({ id }) => id);
  t.equal(ids.length, 3);
  t.ok(ids.includes(fourth) && ids.includes(fifth));
  for (const replace of [second, randomUUID(), 'no-id', '']) {
    t.match(await ask('POST', mine, { replace }), problem(404, 'not_found'), replace);
  }
});

t.test('a token may set the user’s own limit and what happens at it', async (t) => {
  const server = await testServer(t, production);
  const { ask, start, mine } = await player(server, 'dan', { maxVideoStreams: 1, onLimit: 'replace_oldest' });
  const first = await start();
  const second = await start();
  t.match((await ask('GET', mine)).body, { limit: 1, streams: [{ id: second }] });
  t.match(await ask('PUT', `${mine}/${first}`), problem(410, 'gone'));
  t.match(await ask('POST', mine, { onLimit: 'reject' }), problem(409, 'stream_limit'));
});

t.test('a stream that is not renewed gives its slot back', async (t) => {
  const server = await testServer(t, { ...production, DECLARED_LEASE_MS: '10' });
  const { ask, start, mine } = await player(server, 'eve');
  const id = await start();
  while ((await heldIds(server.database.pool, 'eve')).length > 0)
    await server.ledger.sweepExpired('declared');
  t.match(await ask('PUT', `${mine}/${id}`), problem(410, 'gone'));
  t.same((await ask('GET', mine)).body, { limit: 3, streams: [] });
});

t.test('it holds the same slots as videos in the SFU, and either may replace the other', async (t) => {
  const server = await testServer(t, { ...api, NODE_ID: 'with-sfu' });
  const [a = '', b = '', c = ''] = await Promise.all(
    ['tea', 'tea', 'tea'].map((room) => publisher(t, server.url, room)),
  );
  const { ask, start, mine } = await player(server, 'fay', { roomJoin: true });
  const token = await tokenOf('fay', { roomJoin: true });
  const tab = await Peer.inRoom(t, server.url, 'tea', { token });
  const watched = await tab.request('consume', { producerId: a });
  await tab.request('consume', { producerId: b });
  const declared = await start({ label: 'TV' });
  await tab.next('streams', ({ streams }) =>
    streams.some(({ where, label }) => where === 'outside' && label === 'TV'),
  );
  t.match((await ask('GET', mine)).body, {
    streams: [
      { origin: 'sfu', roomName: 'tea', publisherName: 'Ada', source: 'camera' },
      { origin: 'sfu' },
      { id: declared, origin: 'declared', label: 'TV' },
    ],
  });
  t.match(await ask('POST', mine), problem(409, 'stream_limit'));
  const refused = await tab.raw('consume', { producerId: c });
  t.match(refused, {
    ok: false,
    error: { code: 'stream_limit', conflicts: [{}, {}, { streamId: declared, where: 'outside' }] },
  });

  await tab.request('consume', { producerId: c, replace: declared });
  t.match(await ask('PUT', `${mine}/${declared}`), problem(410, 'gone'));
  t.type(await start({ replace: watched.streamId }), 'string');
  t.match(await tab.next('consumerClosed'), { consumerId: watched.id, reason: 'replaced' });

  const { streams } = (await ask('GET', mine)).body as { streams: { id: string; origin: string }[] };
  const forwarded = streams.find(({ origin }) => origin === 'sfu')?.id ?? '';
  t.match(
    await ask('DELETE', `${mine}/${forwarded}`),
    problem(404, 'not_found'),
    'a video is ended in the call',
  );
  t.match(await ask('PUT', `${mine}/${forwarded}`), problem(404, 'not_found'));
});

t.test('only the user, or a token with the grant, may look and act', async (t) => {
  const server = await testServer(t, production);
  const owner = await player(server, 'gus');
  const id = await owner.start();
  const there = `${owner.mine}/${id}`;
  const all = [
    ['GET', owner.mine],
    ['POST', owner.mine],
    ['PUT', there],
    ['DELETE', there],
    ['GET', streamsOf('never-seen')],
    ['PUT', `${streamsOf('never-seen')}/${id}`],
    ['DELETE', `${streamsOf('never-seen')}/${id}`],
  ] as const;
  const stranger = asking(server, await tokenOf('hal'));
  const oneRoom = asking(server, await tokenOf('hal', { room: 'tea', streamsWrite: true, statsRead: true }));
  const nobody = asking(server, undefined);
  for (const [method, url] of all) {
    t.match(await stranger(method, url), problem(403, 'forbidden'), `${method} ${url}`);
    t.match(await oneRoom(method, url), problem(403, 'forbidden'));
    t.match(await nobody(method, url), problem(401, 'unauthorized'));
  }
  t.same(
    (await stranger('GET', owner.mine)).body?.['detail'],
    (await stranger('GET', streamsOf('never-seen'))).body?.['detail'],
    'the refusal does not say who exists',
  );
  const hal = await player(server, 'hal');
  t.match(await hal.ask('PUT', `${hal.mine}/${id}`), problem(404, 'not_found'), 'nor whose stream it is');
  t.match(await hal.ask('DELETE', `${hal.mine}/${id}`), problem(404, 'not_found'));
  t.match(await hal.ask('POST', hal.mine, { replace: id }), problem(404, 'not_found'));
  t.match((await owner.ask('GET', owner.mine)).body, { streams: [{ id }] }, 'it is there still');

  const reader = asking(server, await tokenOf('support', { statsRead: true }));
  t.match(await reader('GET', owner.mine), { status: 200, body: { streams: [{ id }] } });
  t.match(await reader('DELETE', there), problem(403, 'forbidden'));
  const writer = asking(server, await tokenOf('backend', { streamsWrite: true }));
  t.match(await writer('PUT', there), { status: 200 });
  t.match(await writer('POST', owner.mine), { status: 201 });
  t.match(await writer('GET', owner.mine), problem(403, 'forbidden'));
  t.match(await writer('DELETE', there), { status: 204 });
});

t.test('a guest declares own streams', async (t) => {
  const { app } = await testServer(t, { ...production, GUESTS: 'on' });
  const first = await app.inject('/api/v1/validate');
  const cookies = { trivium_guest: (first.cookies as { value: string }[])[0]?.value ?? '' };
  const url = streamsOf(first.json<{ userId: string }>().userId);
  t.equal((await app.inject({ method: 'POST', url, cookies })).statusCode, 201);
  t.match((await app.inject({ url, cookies })).json(), { streams: [{ origin: 'declared' }] });
  t.equal((await app.inject({ url })).statusCode, 403, 'another guest is somebody else');
});

t.test('any user can be named in a path', async (t) => {
  const server = await testServer(t, production);
  const writer = asking(server, await tokenOf('backend', { streamsWrite: true, statsRead: true }));
  for (const userId of ['a/b', 'ü 😀', '%', 'a?b#c', 'x'.repeat(128), '😀'.repeat(128), '__proto__']) {
    const { status, headers } = await writer('POST', streamsOf(userId));
    t.equal(status, 201, userId);
    t.match(await writer('PUT', String(headers.location)), { status: 200 });
    t.match((await writer('GET', streamsOf(userId))).body, { streams: [{ origin: 'declared' }] });
  }
  for (const userId of ['x'.repeat(129), 'a\0b', 'a\nb']) {
    t.match(await writer('POST', streamsOf(userId)), problem(400, 'bad_request'));
  }
  for (const streamId of ['x', '%00', "'", 'x'.repeat(500), randomUUID()]) {
    t.match(await writer('PUT', `${streamsOf('a')}/${streamId}`), problem(404, 'not_found'), streamId);
  }
});

t.test('of fifty starts at once three are granted', async (t: Test) => {
  const server = await testServer(t, production);
  const { ask, mine } = await player(server, 'ivy');
  const statuses = (await Promise.all(Array.from({ length: 50 }, () => ask('POST', mine)))).map(
    ({ status }) => status,
  );
  t.equal(statuses.filter((status) => status === 201).length, 3);
  t.equal(statuses.filter((status) => status === 409).length, 47);
});

t.test('without the database it is 503, by problem+json', async (t) => {
  const database = await stoppableDatabase(t);
  const server = await testServer(t, production, { database, faults: true });
  const { ask, mine } = await player(server, 'kim', { statsRead: true });
  await database.stop();
  for (const [method, url] of [
    ['GET', mine],
    ['POST', mine],
    ['PUT', `${mine}/${randomUUID()}`],
    ['DELETE', `${mine}/${randomUUID()}`],
    ['GET', '/api/v1/audit/slots'],
  ] as const) {
    t.match(await ask(method, url), problem(503, 'unavailable'), `${method} ${url}`);
  }
});
