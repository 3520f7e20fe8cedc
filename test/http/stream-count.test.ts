import t from '../support/tap.ts';
import { makeToken } from '../../server/identity/make-token.ts';
import { Peer } from '../support/peer.ts';
import { stoppableDatabase } from '../support/postgres.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { counts, publisher } from '../support/watching.ts';

const api = { API_KEY: 'key', API_SECRET: '4f1c9a7be2d05836a1c4e7f90b2d6853' };
const tokenOf = (userId: string, video: Parameters<typeof makeToken>[0]['video'] = {}) =>
  makeToken({ userId, video, ttl: 600 }, { key: api.API_KEY, secret: api.API_SECRET });

const allowed = (streamCount: number) => ({ streamStatus: { isNewStreamAllowed: true, streamCount } });
const refused = { streamStatus: { isNewStreamAllowed: false, streamCount: 3 } };
const closed = (streamCount: number) => ({ streamStatus: { msg: 'stream closed', streamCount } });
const noNumber = { msg: 'user_id is invalid , needs to be a number' };

/** What a path answers: its status and its body. */
async function ask({ app }: TestServer, path: string, method: 'GET' | 'HEAD' = 'GET') {
  const answer = await app.inject({ method, url: path });
  return { status: answer.statusCode, body: answer.body === '' ? '' : answer.json<unknown>() };
}

t.test('it lists its endpoints, each with a description and an example', async (t) => {
  const server = await testServer(t);
  for (const path of ['/api', '/api/', '/api?x=1']) {
    const { status, body } = await ask(server, path);
    t.equal(status, 200);
    t.same(Object.keys(body as object), [
      'GET /api',
      'GET /api/startstream/:user_id',
      'GET /api/endstream/:user_id',
    ]);
    for (const about of Object.values(body as object)) {
      t.match(about, { description: /\w{4}/, example: Object });
    }
  }
  t.match(await ask(server, '/api', 'HEAD'), { status: 200, body: '' });
});

t.test('a user has three streams, started and ended one by one', async (t) => {
  const server = await testServer(t);
  for (const count of [1, 2, 3]) {
    t.same(await ask(server, '/api/startstream/10'), { status: 200, body: allowed(count) });
  }
  t.same(await ask(server, '/api/startstream/10'), { status: 200, body: refused });
  t.same(
    await ask(server, '/api/startstream/11'),
    { status: 200, body: allowed(1) },
    'others have their own',
  );
  for (const count of [2, 1, 0]) {
    t.same(await ask(server, '/api/endstream/10'), { status: 200, body: closed(count) });
  }
  t.same(await ask(server, '/api/endstream/10'), {
    status: 400,
    body: { msg: 'no active streams to close for user' },
  });
  t.same(await ask(server, '/api/endstream/12'), {
    status: 400,
    body: { msg: 'user_id not present in the database' },
  });
  t.same(await ask(server, '/api/startstream/10'), { status: 200, body: allowed(1) });
});

t.test('of fifty starts at once three are allowed, and of fifty ends three end one', async (t) => {
  const server = await testServer(t);
  const starts = await Promise.all(Array.from({ length: 50 }, () => ask(server, '/api/startstream/20')));
  t.same(
    starts.filter(({ body }) => JSON.stringify(body) !== JSON.stringify(refused)).map(({ status }) => status),
    [200, 200, 200],
  );
  const ends = await Promise.all(Array.from({ length: 50 }, () => ask(server, '/api/endstream/20')));
  t.equal(ends.filter(({ status }) => status === 200).length, 3);
});

t.test('what is no number is no user, and takes no slot', async (t) => {
  const server = await testServer(t);
  const odd = [
    'x',
    '1e3',
    '-1',
    '+1',
    '1.5',
    '0x1',
    '1,000',
    'NaN',
    'Infinity',
    '%20',
    '%001',
    '1%00',
    '1%0a',
    '%zz',
    '%',
    '%ff',
    '1%2F2',
    '１',
    '%EF%BC%91',
    '%D9%A1',
    "1'--",
    '1234567890123456',
    '9'.repeat(101),
    '9'.repeat(4000),
    'guest:0123456789abcdef',
    '__proto__',
    '..%2f..%2fetc',
  ];
  for (const id of odd) {
    for (const what of ['startstream', 'endstream']) {
      t.same(
        await ask(server, `/api/${what}/${id}`),
        { status: 400, body: noNumber },
        `${what} ${id.slice(0, 30)}`,
      );
    }
  }
  const { rows } = await server.database.pool.query(
    "SELECT user_id FROM slots WHERE user_id !~ '^[0-9]{1,15}$'",
  );
  t.same(rows, []);
});

t.test('a number is one user however it is written', async (t) => {
  const server = await testServer(t);
  t.same(await ask(server, '/api/startstream/30'), { status: 200, body: allowed(1) });
  t.same(await ask(server, '/api/startstream/00030'), { status: 200, body: allowed(2) });
  t.same(await ask(server, '/api/startstream/30/?a=b&user_id=31'), { status: 200, body: allowed(3) });
  t.same(await ask(server, '/api/startstream/%33%30'), { status: 200, body: refused });
  t.same(await ask(server, '/api/endstream/030/'), { status: 200, body: closed(2) });
  t.same(await ask(server, '/api/startstream/0'), { status: 200, body: allowed(1) });
  t.same(await ask(server, '/api/startstream/999999999999999'), { status: 200, body: allowed(1) });
});

t.test('any other method is refused and does nothing', async (t) => {
  const server = await testServer(t);
  for (const path of [
    '/api',
    '/api/startstream/40',
    '/api/endstream/40',
    '/api/startstream/x',
    '/api/startstream/40/',
  ]) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const) {
      const answer = await server.app.inject({ method, url: path });
      t.equal(answer.statusCode, 405, `${method} ${path}`);
      t.same(answer.json(), { msg: 'Method not allowed' });
      t.match(answer.headers, { allow: path === '/api' ? 'GET, HEAD, OPTIONS' : 'GET, OPTIONS' });
      t.match(answer.headers, { 'access-control-allow-origin': '*' });
    }
  }
  for (const [type, payload] of [
    ['application/json', '{'],
    ['text/xml', '<a/>'],
    ['application/json', 'x'.repeat(100_000)],
  ] as const) {
    const headers = { 'content-type': type };
    const answer = await server.app.inject({ method: 'POST', url: '/api/startstream/40', headers, payload });
    t.equal(answer.statusCode, 405, 'whatever body it has');
  }
  const head = await server.app.inject({ method: 'HEAD', url: '/api/startstream/40' });
  t.equal(head.statusCode, 405, 'HEAD changes nothing, so it cannot start a stream');
  t.same(await ask(server, '/api/startstream/40'), { status: 200, body: allowed(1) });
});

t.test('pages of any origin may ask', async (t) => {
  const { app } = await testServer(t);
  for (const url of ['/api', '/api/startstream/50', '/api/startstream/x', '/api/endstream/999']) {
    const answer = await app.inject({ url, headers: { origin: 'https://player.example' } });
    t.equal(answer.headers['access-control-allow-origin'], '*');
    t.equal(answer.headers['cache-control'], 'no-store', 'and no cache answers in its place');
  }
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/api/startstream/50',
    headers: {
      origin: 'https://player.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization,x-player',
    },
  });
  t.equal(preflight.statusCode, 204);
  t.match(preflight.headers, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET',
    'access-control-allow-headers': 'authorization,x-player',
  });
});

t.test('an unknown path is no route, and the pages and /api/v1 are what they were', async (t) => {
  const server = await testServer(t);
  for (const path of [
    '/nowhere',
    '/api/nowhere',
    '/api/startstream',
    '/api/startstream/1/2',
    '/startstream/1',
    '/api/v2/users',
    '/assets/nothing.js',
  ]) {
    t.same(await ask(server, path), { status: 404, body: { msg: 'Route not found' } }, path);
  }
  t.match(await server.app.inject({ method: 'POST', url: '/nowhere' }), { statusCode: 404 });
  for (const path of ['/', '/r/tea', '/healthz', '/assets/app-1a2b3c.js']) {
    t.equal((await server.app.inject(path)).statusCode, 200, path);
  }
  const problem = await server.app.inject('/api/v1/nowhere');
  t.equal(problem.statusCode, 404);
  t.match(problem.headers['content-type'], /^application\/problem\+json/);
});

t.test('streams here and videos in the SFU hold the same slots', async (t) => {
  const server = await testServer(t, { ...api, NODE_ID: 'together' });
  const { url } = server;
  const videos = await Promise.all(['tea', 'tea', 'tea'].map((room) => publisher(t, url, room)));
  const [a = '', b = '', c = ''] = videos;
  const tab = await Peer.inRoom(t, url, 'tea', { token: await tokenOf('80', { roomJoin: true }) });
  await tab.request('consume', { producerId: a });
  await tab.request('consume', { producerId: b });

  t.same(await ask(server, '/api/startstream/80'), { status: 200, body: allowed(3) }, 'exactly one is left');
  t.same(await ask(server, '/api/startstream/80'), { status: 200, body: refused });
  await tab.next('streams', ({ streams }) => streams.some(({ where }) => where === 'outside'));
  await t.rejects(tab.request('consume', { producerId: c }), { code: 'stream_limit' });
  t.same(await ask(server, '/api/endstream/80'), { status: 200, body: closed(2) });
  t.same(
    await ask(server, '/api/endstream/80'),
    { status: 400, body: { msg: 'no active streams to close for user' } },
    'what is watched in the SFU is not ended from here',
  );
  t.match(await counts(server), { forwarded: 2 });
  await tab.request('consume', { producerId: c });
  t.same(await ask(server, '/api/startstream/80'), { status: 200, body: refused });
});

t.test('a stream that is not ended gives its slot back after STREAM_COUNT_LEASE_MS', async (t) => {
  const server = await testServer(t);
  await ask(server, '/api/startstream/60');
  const { rows } = await server.database.pool.query<{ hours: number }>(
    "SELECT round(extract(epoch FROM lease_until - taken_at) / 3600)::int AS hours FROM slots WHERE user_id = '60' AND stream_id IS NOT NULL",
  );
  t.same(rows, [{ hours: 12 }]);
});

t.test('without the database it says 503, and nothing is lost', async (t) => {
  const database = await stoppableDatabase(t);
  const server = await testServer(t, {}, { database, faults: true });
  await database.stop();
  for (const path of ['/api/startstream/1', '/api/endstream/1']) {
    t.match(await ask(server, path), { status: 503, body: { msg: /database/ } });
  }
  t.equal((await ask(server, '/api/startstream/x')).status, 400);
});

t.test('STREAM_COUNT_API says who may: token in production, off nobody', async (t) => {
  const [good, none, oneRoom] = await Promise.all([
    tokenOf('backend', { streamsWrite: true }),
    tokenOf('backend', {}),
    tokenOf('backend', { streamsWrite: true, room: 'tea' }),
  ]);
  for (const settings of [{ STREAM_COUNT_API: 'token' }, { NODE_ENV: 'production' }]) {
    const { app } = await testServer(t, { ...api, ...settings });
    const asked = async (token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return app.inject({ url: '/api/startstream/70', headers });
    };
    const nobody = await asked();
    t.equal(nobody.statusCode, 401);
    t.match(nobody.headers, { 'www-authenticate': /^Bearer/, 'access-control-allow-origin': '*' });
    for (const answer of [nobody, await asked('nonsense'), await asked(none), await asked(oneRoom)]) {
      t.same(Object.keys(answer.json<object>()), ['msg']);
    }
    t.equal((await asked(none)).statusCode, 403);
    t.equal((await asked(good)).statusCode, 200);
    t.equal((await app.inject('/api')).statusCode, 200, 'what there is may be known');
  }
  const open = await testServer(t, { ...api, NODE_ENV: 'production', STREAM_COUNT_API: 'open' });
  t.equal((await open.app.inject('/api/startstream/71')).statusCode, 200);
  const off = await testServer(t, { STREAM_COUNT_API: 'off' });
  for (const path of ['/api', '/api/startstream/72', '/api/endstream/72']) {
    t.same(await ask(off, path), { status: 404, body: { msg: 'Route not found' } });
  }
});
