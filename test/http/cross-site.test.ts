import t from '../support/tap.ts';
import { rawRequest } from '../support/raw-request.ts';
import { testServer, type TestServer } from '../support/server.ts';

const evil = 'https://evil.example';
const shop = 'https://shop.example';
const crossSite = { 'sec-fetch-site': 'cross-site' };

/** What a browser sends of a page's request: with `Origin` where it is not a plain GET. */
const from = (origin: string, site: string) => ({ origin, 'sec-fetch-site': site });

/** What the database and the registry hold. */
async function held({ database, rooms }: TestServer): Promise<number[]> {
  const { rows } = await database.pool.query<{ streams: number; reports: number }>(
    `SELECT (SELECT count(*) FROM streams)::int AS streams,
            (SELECT count(*) FROM call_quality_reports)::int AS reports`,
  );
  return [rooms.rooms.size, ...rows.flatMap(({ streams, reports }) => [streams, reports])];
}

t.test('a foreign page changes nothing on a developer’s server', async (t) => {
  const server = await testServer(t, { ALLOWED_ORIGINS: shop });
  const before = await held(server);
  for (const [method, path] of [
    ['GET', '/api/startstream/7'],
    ['GET', '/api/startstream/7/'],
    ['GET', '/api/endstream/7'],
    ['POST', '/api/room'],
    ['POST', '/api/metrics'],
    ['POST', '/api/v1/rooms'],
    ['DELETE', '/api/v1/rooms/tea'],
    ['POST', '/api/v1/users/ada/streams'],
    ['POST', '/api/v1/revocations'],
    ['POST', '/api/v1/validate'],
  ] as const) {
    for (const [headers, named] of [
      [from(evil, 'cross-site'), evil],
      [{ ...from('null', 'cross-site') }, 'null'],
      [crossSite, 'another site'],
    ] as const) {
      const { status, body, headers: answered } = await rawRequest(server.url + path, { method, headers });
      t.equal(status, 403, `${method} ${path} ${named}`);
      t.match(body, named);
      t.match(body, 'ALLOWED_ORIGINS');
      if (path.startsWith('/api/v1')) t.match(JSON.parse(body), { code: 'origin_not_allowed' });
      else {
        t.same(Object.keys(JSON.parse(body) as object), ['msg']);
        t.match(answered, { 'access-control-allow-origin': '*', 'cache-control': 'no-store' });
      }
    }
  }
  t.same(await held(server), before);
});

t.test(
  'pages of ALLOWED_ORIGINS, the server’s own and this machine’s may, and what is no page',
  async (t) => {
    const { url } = await testServer(t, { ALLOWED_ORIGINS: shop });
    let user = 100;
    for (const headers of [
      {},
      { origin: evil },
      from(shop, 'cross-site'),
      from('http://localhost:5173', 'cross-site'),
      from('http://localhost:5173', 'same-site'),
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    ]) {
      const { status } = await rawRequest(`${url}/api/startstream/${(user += 1)}`, { headers });
      t.equal(status, 200, JSON.stringify(headers));
    }
    for (const headers of [
      {},
      { origin: url },
      from(url, 'same-origin'),
      from(shop, 'cross-site'),
      from('http://127.0.0.1:5173', 'same-site'),
      { origin: 'http://[::1]:5173' },
    ]) {
      const { status } = await rawRequest(`${url}/api/v1/rooms`, { method: 'POST', headers });
      t.equal(status, 201, JSON.stringify(headers));
    }
    const anybody = await testServer(t, { ALLOWED_ORIGINS: '*' });
    t.equal((await rawRequest(`${anybody.url}/api/startstream/1`, { headers: crossSite })).status, 200);
  },
);

t.test('a browser that does not say where a request comes from names the origin', async (t) => {
  const { url } = await testServer(t);
  for (const headers of [
    { origin: evil },
    { origin: 'null' },
    { ...from('https://sub.evil.example', 'same-site') },
  ]) {
    const { status } = await rawRequest(`${url}/api/v1/rooms`, { method: 'POST', headers });
    t.equal(status, 403, JSON.stringify(headers));
  }
  t.equal(
    (await rawRequest(`${url}/api/v1/rooms`, { headers: from(evil, 'cross-site') })).status,
    200,
    'a GET',
  );
});

t.test('what is prefetched starts nothing', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const before = await held(server);
  for (const headers of [
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'sec-purpose': 'prefetch;anonymous-client-ip' },
    { purpose: 'prefetch' },
    { 'x-purpose': 'preview' },
    { 'x-moz': 'prefetch' },
  ]) {
    for (const path of ['/api/startstream/7', '/api/endstream/7']) {
      const answer = await rawRequest(url + path, { headers: { ...headers, 'sec-fetch-site': 'none' } });
      t.equal(answer.status, 403, JSON.stringify(headers));
      t.match(answer.body, /prefetched/);
      t.equal(answer.headers['cache-control'], 'no-store');
    }
    const made = await rawRequest(`${url}/api/room`, { method: 'POST', headers });
    t.equal(made.status, 403);
    for (const path of ['/', '/r/tea', '/api/v1/rooms']) {
      t.equal((await rawRequest(url + path, { headers })).status, 200, `${path} changes nothing`);
    }
  }
  t.same(await held(server), before);
  t.equal((await rawRequest(`${url}/api/startstream/7`)).status, 200);
});

t.test('the page of any origin can read why it is refused', async (t) => {
  for (const settings of [{}, { GUESTS: 'off' }]) {
    const { url } = await testServer(t, settings);
    for (const query of ['', '?access_token=x']) {
      const { status, headers, body } = await rawRequest(`${url}/api/v1/validate${query}`, {
        headers: from(evil, 'cross-site'),
      });
      t.equal(status, 403);
      t.match(headers, { 'access-control-allow-origin': '*', 'content-type': /^application\/problem\+json/ });
      t.equal(headers['access-control-allow-credentials'], undefined);
      t.equal(headers['set-cookie'], undefined);
      t.match(JSON.parse(body), {
        code: 'origin_not_allowed',
        detail: `A page of the origin ${evil} may not use this server. Add that origin to ALLOWED_ORIGINS if it should.`,
      });
    }
    const host = { host: 'evil.example:3000', origin: evil };
    const rebound = await rawRequest(`${url}/api/v1/validate`, { headers: host });
    t.match(rebound, { status: 421, headers: { 'access-control-allow-origin': '*' } });
    const other = await rawRequest(`${url}/api/v1/openapi.json`, { headers: { origin: evil } });
    t.equal(other.headers['access-control-allow-origin'], undefined, 'nothing else');
  }
});
