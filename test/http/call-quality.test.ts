import t from '../support/tap.ts';
import { bearer, read, reportOf, send, stored } from '../support/call-quality.ts';
import { stoppableDatabase } from '../support/postgres.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

t.test('POST /api/room opens a room under a name that nobody guesses', async (t) => {
  const server = await testServer(t, { ALLOWED_ORIGINS: 'http://calls.example' });
  const { app, rooms } = server;
  const names = new Set<string>();
  for (const [headers, payload] of [
    [{}, undefined],
    [{}, '{}'],
    [{ 'content-type': 'application/json' }, ''],
    [{ 'content-type': 'application/json' }, '{}'],
    [{ 'content-type': 'application/json' }, '{"name":"mine","properties":{"exp":1},"privacy":"private"}'],
    [{ 'content-type': 'text/plain;charset=UTF-8' }, '{}'],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, ''],
  ] as const) {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/room',
      headers: { host: 'calls.example:8080', ...headers },
      ...(payload !== undefined && { payload }),
    });
    t.equal(answer.statusCode, 200, `${JSON.stringify(headers)} ${payload}`);
    const room = answer.json<Record<string, string>>();
    t.match(room, { name: /^[a-z]{5}(-[a-z]{5}){3}$/, privacy: 'public' });
    t.equal(room['url'], `http://calls.example:8080/r/${room['name']}`);
    t.equal(rooms.find(room['name'] ?? '')?.id, room['id'], 'it is open');
    t.equal(new Date(room['created_at'] ?? '').toISOString(), room['created_at']);
    names.add(room['name'] ?? '');
  }
  t.equal(names.size, 7, 'each has its own');
  const bad = await app.inject({ method: 'POST', url: '/api/room/', payload: '{', headers: {} });
  t.equal(bad.statusCode, 400);
  t.match(bad.json(), { msg: /JSON/ });
});

t.test('the link of a room is below PUBLIC_URL, or of a host that is known', async (t) => {
  const urlOf = async (settings: Record<string, string>, headers: Record<string, string>) => {
    const { app } = await testServer(t, settings);
    const answer = await app.inject({ method: 'POST', url: '/api/room', headers });
    const { name = '', url } = answer.json<Record<string, string>>();
    return answer.statusCode === 200 ? url?.replace(name, '*') : [answer.statusCode, answer.body];
  };
  const proxied = {
    host: '10.0.0.2:3000',
    'x-forwarded-host': 'calls.example',
    'x-forwarded-proto': 'https',
  };
  t.equal(await urlOf({ PUBLIC_URL: 'https://a.example/trivium/' }, {}), 'https://a.example/trivium/r/*');
  const behind = { TRUST_PROXY: '127.0.0.1', ALLOWED_ORIGINS: 'https://calls.example' };
  t.equal(await urlOf(behind, proxied), 'https://calls.example/r/*');
  const production = { NODE_ENV: 'production', CALL_QUALITY_API: 'open', ...tokenSettings };
  for (const settings of [{ TRUST_PROXY: '127.0.0.1' }, { TRUST_PROXY: '127.0.0.1', ...production }]) {
    t.match(await urlOf(settings, proxied), [421, /calls\.example.*PUBLIC_URL/], 'not of any other');
  }
  t.equal(await urlOf({}, proxied), 'http://10.0.0.2:3000/r/*', 'not by whom nobody trusts');
});

t.test('rooms are opened as often as they are joined, where anybody may', async (t) => {
  const open = async (server: TestServer, token?: string) => {
    const answer = await server.app.inject({ method: 'POST', url: '/api/room', headers: bearer(token) });
    if (answer.statusCode === 429) {
      t.match(answer.json(), { msg: /Wait \d+ s/ });
      t.match(answer.headers, { 'retry-after': /^\d+$/ });
    }
    return answer.statusCode;
  };
  const byAddress = await testServer(t, { JOINS_PER_MINUTE_PER_ADDRESS: '2' });
  t.same([await open(byAddress), await open(byAddress), await open(byAddress)], [200, 200, 429]);
  t.equal(byAddress.rooms.rooms.size, 2);
  const byUser = { ...tokenSettings, JOINS_PER_MINUTE_PER_USER: '1' };
  const ada = await tokenOf('ada', { roomCreate: true });
  const ours = await testServer(t, byUser);
  t.same([await open(ours, ada), await open(ours, ada), await open(ours)], [200, 429, 200]);
  const closed = await testServer(t, { ...byUser, CALL_QUALITY_API: 'token' });
  t.same([await open(closed, ada), await open(closed, ada)], [200, 200], 'by the grant: as by /rooms');
});

t.test('where there is no place for a room, it says so', async (t) => {
  const { app, rooms } = await testServer(t, { MAX_ROOMS: '1' });
  await rooms.open('locked', { locked: true }, undefined);
  const answer = await app.inject({ method: 'POST', url: '/api/room' });
  t.equal(answer.statusCode, 503);
  t.match(answer.json(), { msg: /no place for another room/ });
});

t.test('any other method is refused and does nothing', async (t) => {
  const server = await testServer(t);
  const before = [server.rooms.rooms.size, await stored(server)];
  for (const [url, allow, methods] of [
    ['/api/room', 'POST, OPTIONS', ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE']],
    ['/api/room/', 'POST, OPTIONS', ['GET', 'PUT']],
    ['/api/metrics', 'GET, HEAD, POST, OPTIONS', ['PUT', 'PATCH', 'DELETE', 'TRACE']],
    ['/api/metrics/', 'GET, HEAD, POST, OPTIONS', ['PUT', 'DELETE']],
  ] as const) {
    for (const method of methods) {
      const answer = await server.app.inject({ method, url });
      t.equal(answer.statusCode, 405, `${method} ${url}`);
      t.match(answer.headers, { allow, 'access-control-allow-origin': '*' });
      if (method !== 'HEAD') t.same(answer.json(), { msg: 'Method not allowed' });
    }
  }
  t.same([server.rooms.rooms.size, await stored(server)], before);
  const head = await server.app.inject({ method: 'HEAD', url: '/api/metrics' });
  t.same([head.statusCode, head.body], [200, '']);
  t.equal((await server.app.inject('/api/metrics/?x=1')).statusCode, 200);
});

t.test('pages of any origin may ask', async (t) => {
  const { app } = await testServer(t);
  const headers = { origin: 'https://calls.example' };
  for (const [method, url] of [
    ['POST', '/api/room'],
    ['POST', '/api/metrics'],
    ['GET', '/api/metrics'],
    ['GET', '/api/metrics?from=x'],
  ] as const) {
    const answer = await app.inject({ method, url, headers });
    t.match(answer.headers, { 'access-control-allow-origin': '*', 'cache-control': 'no-store' });
  }
  for (const [url, methods] of [
    ['/api/room', 'POST'],
    ['/api/metrics', 'GET, HEAD, POST'],
  ] as const) {
    const preflight = await app.inject({
      method: 'OPTIONS',
      url,
      headers: {
        ...headers,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    t.equal(preflight.statusCode, 204);
    t.match(preflight.headers, {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'authorization,content-type',
    });
  }
});

t.test('CALL_QUALITY_API says who may: token in production, off nobody', async (t) => {
  const [creator, reader, admin, joiner, oneRoom] = await Promise.all([
    tokenOf('backend', { roomCreate: true }),
    tokenOf('backend', { statsRead: true }),
    tokenOf('host', { roomAdmin: true }),
    tokenOf('ada'),
    tokenOf('ben', { roomJoin: true, roomCreate: true, roomAdmin: true, room: 'tea' }),
  ]);
  const statuses = async (server: TestServer, token?: string, roomName = 'tea') => {
    const headers = bearer(token);
    const room = await server.app.inject({ method: 'POST', url: '/api/room', headers });
    const get = await server.app.inject({ url: '/api/metrics', headers });
    for (const refused of [room, get].filter(({ statusCode }) => statusCode >= 400)) {
      t.same(Object.keys(refused.json<object>()), ['msg']);
      if (refused.statusCode === 401) t.match(refused.headers, { 'www-authenticate': /^Bearer/ });
    }
    const { status } = await send(server, reportOf({ roomName }), token);
    return [room.statusCode, get.statusCode, status];
  };
  for (const settings of [
    { CALL_QUALITY_API: 'token' },
    { NODE_ENV: 'production' },
    { NODE_ENV: 'production', GUESTS: 'on' },
  ]) {
    const server = await testServer(t, { ...tokenSettings, ...settings });
    t.same(await statuses(server), [401, 401, 401], 'guests may not');
    t.same(await statuses(server, 'nonsense'), [401, 401, 401]);
    t.same(await statuses(server, creator), [200, 403, 201]);
    t.same(await statuses(server, reader), [403, 200, 201]);
    t.same(await statuses(server, admin), [403, 200, 201]);
    t.same(await statuses(server, joiner), [403, 403, 201]);
    t.same(await statuses(server, oneRoom), [403, 403, 201], 'of its own room it may report');
    t.same(await statuses(server, oneRoom, 'coffee'), [403, 403, 403], 'of another it may not');
    const unread = await server.app.inject({ method: 'POST', url: '/api/metrics', payload: '{' });
    t.equal(unread.statusCode, 401, 'before its body is looked at');
  }
  const open = await testServer(t, { ...tokenSettings, NODE_ENV: 'production', CALL_QUALITY_API: 'open' });
  t.same(await statuses(open), [200, 200, 201]);
  const off = await testServer(t, { CALL_QUALITY_API: 'off' });
  t.same(await statuses(off), [404, 404, 404]);
  t.same((await off.app.inject('/api/metrics')).json(), { msg: 'Route not found' });
});

t.test('there are only so many requests a minute', async (t) => {
  const { app } = await testServer(t, { REST_REQUESTS_PER_MINUTE: '2' });
  t.equal((await app.inject('/api/metrics')).statusCode, 200);
  t.equal((await app.inject({ method: 'POST', url: '/api/metrics' })).statusCode, 400);
  const refused = await app.inject({ method: 'POST', url: '/api/room' });
  t.equal(refused.statusCode, 429);
  t.match(refused.headers, { 'retry-after': /^\d+$/, 'access-control-allow-origin': '*' });
  t.same(Object.keys(refused.json<object>()), ['msg']);
});

t.test('without the database it says 503', async (t) => {
  const database = await stoppableDatabase(t);
  const server = await testServer(t, {}, { database, faults: true });
  await database.stop();
  t.match(await send(server, reportOf()), { status: 503, body: { msg: /database/ } });
  t.match(await read(server), { status: 503, body: { msg: /database/ } });
  const room = await server.app.inject({ method: 'POST', url: '/api/room' });
  t.equal(room.statusCode, 503);
  t.equal((await send(server, reportOf({ participant: '' }))).status, 400);
});
