import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import t, { type Test } from '../support/tap.ts';
import { rawRequest } from '../support/raw-request.ts';
import { testServer } from '../support/server.ts';
import { refusedUpgrade, tokenOf, tokenSettings } from '../support/tokens.ts';

/** What a page of a website that gives its name this server's address sends (DNS rebinding). */
const rebound = { host: 'evil.example:3000', origin: 'http://evil.example:3000' };
const names = {
  PUBLIC_URL: 'https://Call.Example.org:8443/trivium/',
  ANNOUNCED_ADDRESS: '203.0.113.7',
  ALLOWED_ORIGINS: 'https://shop.example, http://mybox.lan:3000',
};

async function opens(t: Test, url: string, headers: Record<string, string>): Promise<boolean> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers });
  t.teardown(() => socket.terminate());
  return Promise.race([
    once(socket, 'open').then(() => true),
    once(socket, 'unexpected-response').then(() => false),
  ]);
}

t.test('a website that has this server’s address gets no answer under its own name', async (t) => {
  const { url, rooms } = await testServer(t);
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/r/tea'],
    ['GET', '/nowhere'],
    ['GET', '/api'],
    ['GET', '/api/startstream/7'],
    ['POST', '/api/room'],
    ['GET', '/api/v1/rooms'],
    ['POST', '/api/v1/rooms'],
    ['GET', '/api/v1/validate'],
    ['GET', '/api/v1/nothing'],
  ] as const) {
    const { status, headers, body } = await rawRequest(url + path, { method, headers: rebound });
    t.equal(status, 421, `${method} ${path}`);
    t.match(body, /evil\.example:3000.*PUBLIC_URL.*http:\/\/evil\.example to ALLOWED_ORIGINS/);
    t.equal(headers['set-cookie'], undefined);
    if (path.startsWith('/api/v1')) {
      t.match(headers['content-type'], /^application\/problem\+json/);
      t.match(JSON.parse(body), { code: 'unknown_host', status: 421 });
    }
  }
  t.equal(rooms.rooms.size, 0);
  const { status, body } = await refusedUpgrade(url, undefined, rebound);
  t.equal(status, 421);
  t.match(body, { code: 'unknown_host', message: /evil\.example/ });
});

t.test('the server answers to its own names, and to any address', async (t) => {
  const { url } = await testServer(t, names);
  for (const host of [
    'localhost',
    'LOCALHOST:3000',
    'localhost.',
    'call.localhost:5173',
    '127.0.0.1:3000',
    '127.8.8.8',
    '[::1]:3000',
    '192.168.1.20:3000',
    '[2001:db8::7]:3000',
    'call.example.org',
    'CALL.example.org:443',
    'call.example.org.',
    'shop.example',
    'mybox.lan:3000',
  ]) {
    const { status } = await rawRequest(`${url}/api/v1/validate`, { headers: { host } });
    t.equal(status, 200, host);
    t.equal(await opens(t, url, { host, origin: `http://${host}` }), true, `${host}: its own page`);
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'localhost.example',
    'notlocalhost',
    '127.0.0.1.evil.example',
    'xcall.example.org',
    'sub.call.example.org',
    'call.example.org.evil.example',
    'call.example.org@evil.example',
    'evil.example#localhost',
    'evil.example/localhost',
    'localhost:99999',
    'a,b',
    "a; script-src 'unsafe-inline'",
  ]) {
    t.equal((await rawRequest(`${url}/api/v1/validate`, { headers: { host } })).status, 421, host);
    t.equal(await opens(t, url, { host, origin: `http://${host}` }), false, host);
  }
});

t.test('machines may ask how it is by any name, and without one', async (t) => {
  const { url } = await testServer(t);
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    t.equal((await rawRequest(url + path, { headers: { host: 'trivium:3000' } })).status, 200, path);
  }
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write('GET /api HTTP/1.0\r\n\r\n');
  t.match(await text(socket), /^HTTP\/1\.1 200 /);
});

t.test('behind a proxy either name will do, its own or the one it forwards', async (t) => {
  const { url } = await testServer(t, { ...names, TRUST_PROXY: '127.0.0.1' });
  const own = 'https://call.example.org:8443';
  const forwarded = (host: string) => ({ 'x-forwarded-host': host, 'x-forwarded-proto': 'https' });
  for (const [what, headers, may] of [
    ['Host as sent', { host: 'call.example.org:8443', origin: own }, true],
    ['Host without its port', { host: 'call.example.org', origin: own }, true],
    ['the upstream’s Host', { host: '127.0.0.1:3000', origin: own }, true],
    [
      'an upstream with a name',
      { host: 'backend', origin: own, ...forwarded('call.example.org:8443') },
      true,
    ],
    [
      'two proxies',
      { host: '127.0.0.1:3000', origin: own, ...forwarded('call.example.org:8443, inner:80') },
      true,
    ],
    ['a foreign page', { host: 'call.example.org:8443', origin: 'https://evil.example' }, false],
    [
      'a foreign port of the same name',
      { host: 'call.example.org:8443', origin: 'https://call.example.org:9999' },
      false,
    ],
    [
      'a rebound name that the proxy forwards',
      { host: '127.0.0.1:3000', origin: 'http://evil.example', ...forwarded('evil.example') },
      false,
    ],
  ] as const) {
    t.equal(await opens(t, url, headers), may, what);
  }
  const portWrittenOut = { host: 'shop.example:443', origin: 'https://shop.example' };
  t.equal(await opens(t, url, portWrittenOut), true, 'a default port counts as none');
});

t.test('who is not trusted cannot name a host in X-Forwarded-Host', async (t) => {
  const { url } = await testServer(t);
  const headers = { ...rebound, 'x-forwarded-host': 'localhost' };
  t.equal((await rawRequest(`${url}/api/v1/rooms`, { headers })).status, 421);
});

t.test('in production names are checked if PUBLIC_URL says one', async (t) => {
  const production = { ...tokenSettings, NODE_ENV: 'production' };
  const token = await tokenOf('ada');
  const asked = async (settings: Record<string, string>) => {
    const { url } = await testServer(t, { ...production, ...settings });
    const headers = { ...rebound, authorization: `Bearer ${token}` };
    return (await rawRequest(`${url}/api/v1/rooms/x/stats`, { headers })).status;
  };
  t.equal(await asked({ PUBLIC_URL: 'http://localhost:3000' }), 421, 'as Docker Compose sets it');
  t.not(await asked({}), 421, 'a proxy’s name for it is not known');
});
