import t from '../support/tap.ts';
import { testServer } from '../support/server.ts';

/** The directives of an answer's Content-Security-Policy, by name. */
function policyOf(headers: Record<string, unknown>): Map<string, string> {
  const parts = String(headers['content-security-policy']).split(';');
  return new Map(
    parts.map((part) => {
      const [name = '', ...sources] = part.trim().split(/\s+/);
      return [name, sources.join(' ')];
    }),
  );
}

t.test(
  'what shared caches may keep brings no guest cookie; the rest of the API they do not keep',
  async (t) => {
    const { app } = await testServer(t);
    for (const url of [
      '/api/v1/problems/gone',
      '/api/v1/openapi.json',
      '/api/v1/docs/',
      '/healthz',
      '/assets/app-1a2b3c.js',
    ]) {
      t.equal((await app.inject(url)).headers['set-cookie'], undefined, url);
    }
    const { headers } = await app.inject('/api/v1/users/ada/streams');
    t.match(headers, { 'cache-control': /private|no-store/, 'set-cookie': /trivium_guest/ });
  },
);

t.test('every answer protects who reads it in a browser', async (t) => {
  const { app } = await testServer(t, { PUBLIC_URL: 'https://trivium.example:8443' });
  for (const url of [
    '/',
    '/r/tea',
    '/assets/app-1a2b3c.js',
    '/nowhere',
    '/healthz',
    '/api',
    '/api/v1/validate',
    '/api/v1/nothing',
    '/api/v1/problems/gone',
  ]) {
    const { headers } = await app.inject({ url, headers: { host: 'trivium.example:8443' } });
    t.match(
      headers,
      {
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'permissions-policy': /camera=\(self\), microphone=\(self\), display-capture=\(self\)/,
      },
      url,
    );
    const policy = policyOf(headers);
    t.match(Object.fromEntries(policy), {
      'default-src': "'self'",
      'object-src': "'none'",
      'base-uri': "'none'",
      'form-action': "'self'",
      'frame-ancestors': "'self'",
      'connect-src': "'self' ws://trivium.example:8443 wss://trivium.example:8443",
    });
    t.equal(policy.get('script-src'), "'self'", 'no inline script');
    t.equal(policy.get('style-src'), "'self'", 'no inline style');
    t.equal(headers['x-frame-options'], undefined, 'nothing contradicts frame-ancestors');
    t.equal(headers['cross-origin-embedder-policy'], undefined);
  }
  const undecodable = await app.inject('/api/v1/%zz');
  t.match(undecodable.headers, { 'x-content-type-options': 'nosniff', 'content-security-policy': String });
});

t.test('a host name that is none gets into no header', async (t) => {
  const { app } = await testServer(t);
  for (const host of ["a; script-src 'unsafe-inline'", 'a,b', "'unsafe-inline'"]) {
    const { statusCode, headers } = await app.inject({ url: '/', headers: { host } });
    t.equal(statusCode, 421);
    t.equal(policyOf(headers).get('connect-src'), "'self' 'self'");
    t.equal(policyOf(headers).get('script-src'), "'self'");
  }
});

t.test('the page that tries the API may have the one style that is inline, and no script', async (t) => {
  const { app } = await testServer(t);
  for (const url of ['/api/v1/docs', '/api/v1/docs/static/swagger-ui-bundle.js']) {
    const policy = policyOf((await app.inject(url)).headers);
    t.equal(policy.get('script-src'), "'self'");
    t.match(policy.get('style-src'), /^'self' 'sha256-\S+'$/);
  }
  const page = (await app.inject('/api/v1/docs')).body;
  t.notMatch(page, /<script(?![^>]*\ssrc=)|https?:\/\//, 'nothing inline, and nothing from elsewhere');
});

t.test('FRAME_ANCESTORS says who may show the pages in a frame', async (t) => {
  for (const [FRAME_ANCESTORS, directive] of [
    ['none', "'none'"],
    ['*', '*'],
    [
      'self, https://shop.example, https://*.b.example:8443',
      "'self' https://shop.example https://*.b.example:8443",
    ],
  ] as const) {
    const { app } = await testServer(t, { FRAME_ANCESTORS });
    t.equal(policyOf((await app.inject('/')).headers).get('frame-ancestors'), directive);
  }
});

t.test('HTTPS is asked for to stay where a request came by it, as far as a proxy is believed', async (t) => {
  const header = 'strict-transport-security';
  const byTls = { 'x-forwarded-proto': 'https' };
  const plain = await testServer(t);
  t.equal((await plain.app.inject('/')).headers[header], undefined);
  t.equal(
    (await plain.app.inject({ url: '/', headers: byTls })).headers[header],
    undefined,
    'anybody says that',
  );
  const behind = await testServer(t, { TRUST_PROXY: '127.0.0.1' });
  t.match((await behind.app.inject({ url: '/', headers: byTls })).headers[header], /^max-age=\d{7,}$/);
  t.equal((await behind.app.inject('/')).headers[header], undefined);
});
