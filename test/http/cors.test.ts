import t from '../support/tap.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const shop = 'https://shop.example';
const settings = { ...tokenSettings, GUESTS: 'off', ALLOWED_ORIGINS: `${shop}, https://b.example` };
const validate = '/api/v1/validate';

t.test('pages of allowed origins read every answer of the API, refusals too', async (t) => {
  const { app } = await testServer(t, { ...settings, REST_REQUESTS_PER_MINUTE: '4' });
  const headers = { origin: shop };
  const token = await tokenOf('ada');
  const answers = [
    [200, { url: validate, headers: { ...headers, authorization: `Bearer ${token}` } }],
    [401, { url: validate, headers }],
    [401, { url: validate, headers: { ...headers, authorization: 'Bearer x' } }],
    [404, { url: '/api/v1/nothing', headers }],
    [401, { url: '/api/v1/revocations', method: 'POST', headers, payload: '{' }],
    [401, { url: validate, headers }],
    [429, { url: validate, headers }],
  ] as const;
  for (const [status, request] of answers) {
    const { statusCode, headers } = await app.inject({
      ...request,
      headers: { 'content-type': 'application/json', ...request.headers },
    });
    t.equal(statusCode, status);
    t.equal(headers['access-control-allow-origin'], shop, String(status));
    t.match(headers['access-control-expose-headers'], /ETag.*Location.*Retry-After.*RateLimit/);
    t.match(headers.vary, /\bOrigin\b/);
    t.equal(headers['access-control-allow-credentials'], undefined, 'without cookies');
  }
});

t.test('preflights are answered before anybody is asked who it is, and count for nothing', async (t) => {
  const { app } = await testServer(t, { ...settings, REST_REQUESTS_PER_MINUTE: '1' });
  for (const url of ['/api/v1/users/ada/streams', '/api/v1/revocations', validate]) {
    const { statusCode, headers } = await app.inject({
      url,
      method: 'OPTIONS',
      headers: {
        origin: shop,
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization,if-match',
      },
    });
    t.equal(statusCode, 204, url);
    t.match(headers, {
      'access-control-allow-origin': shop,
      'access-control-allow-methods': /PATCH.*DELETE/,
      'access-control-allow-headers': 'authorization,if-match',
      'access-control-max-age': '600',
    });
  }
});

t.test('pages of other origins are told nothing but why they are refused', async (t) => {
  const { app } = await testServer(t, settings);
  for (const [method, url] of [
    ['GET', '/api/v1/problems'],
    ['GET', '/api/v1/rooms'],
    ['OPTIONS', validate],
  ] as const) {
    const { headers } = await app.inject({
      url,
      method,
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    });
    const cors = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
    t.same(cors, [], `${method} ${url}`);
  }
  const without = await testServer(t, { ...tokenSettings });
  const { headers } = await without.app.inject({ url: '/api/v1/problems', headers: { origin: shop } });
  t.equal(headers['access-control-allow-origin'], undefined, 'by default there are no others');
  const local = { origin: 'http://localhost:5173' };
  const developing = await without.app.inject({ url: validate, headers: local });
  t.equal(developing.headers['access-control-allow-origin'], local.origin, 'but those of this machine');
  const production = await testServer(t, { ...tokenSettings, NODE_ENV: 'production' });
  const answer = await production.app.inject({ url: validate, headers: local });
  t.equal(answer.statusCode, 403);
  t.match(answer.json(), { code: 'origin_not_allowed', detail: /http:\/\/localhost:5173/ });
});

t.test('`*` lets pages of any origin read, and pages and older paths stay as they are', async (t) => {
  const { app } = await testServer(t, { ...tokenSettings, ALLOWED_ORIGINS: '*' });
  const from = (url: string) => app.inject({ url, headers: { origin: 'https://any.example' } });
  t.equal((await from(validate)).headers['access-control-allow-origin'], '*');
  t.equal((await from('/')).headers['access-control-allow-origin'], undefined);
  t.equal((await from('/')).headers.vary, undefined);
  t.equal((await from('/healthz')).headers['access-control-allow-origin'], undefined);
  const older = await testServer(t, settings);
  for (const url of ['/api', '/api/startstream/1', '/api/endstream/x']) {
    const { headers } = await older.app.inject({ url, headers: { origin: 'https://any.example' } });
    t.equal(headers['access-control-allow-origin'], '*', url);
    t.equal(headers['access-control-expose-headers'], undefined);
  }
});
