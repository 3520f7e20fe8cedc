import { once } from 'node:events';
import t from '../support/tap.ts';
import { JoinLimits } from '../../server/ws/join-limits.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { refusedUpgrade, tokenOf, tokenSettings } from '../support/tokens.ts';

const validate = '/api/v1/validate';
/** The address that a request comes from is what the proxy says. */
const from = (address: string) => ({ 'x-forwarded-for': address });
const settings = { ...tokenSettings, TRUST_PROXY: '127.0.0.1' };

t.test('a user asks so many times a minute, by whatever token and address', async (t) => {
  const { app } = await testServer(t, { ...settings, REST_REQUESTS_PER_MINUTE: '3' });
  const ask = async (userId: string, address: string) =>
    app.inject({
      url: validate,
      headers: { ...from(address), authorization: `Bearer ${await tokenOf(userId)}` },
    });
  for (const left of ['2', '1', '0']) {
    const { statusCode, headers } = await ask('ada', '192.0.2.1');
    t.equal(statusCode, 200);
    t.match(headers, { 'ratelimit-limit': '3', 'ratelimit-remaining': left, 'ratelimit-reset': /^\d+$/ });
  }
  const refused = await ask('ada', '192.0.2.2');
  t.equal(refused.statusCode, 429);
  const { retryAfterMs, ...problem } = refused.json<{ retryAfterMs: number }>();
  t.match(problem, { type: '/api/v1/problems/rate_limited', status: 429, code: 'rate_limited' });
  t.ok(retryAfterMs > 0 && retryAfterMs <= 60_000);
  t.equal(refused.headers['retry-after'], String(Math.ceil(retryAfterMs / 1000)));
  t.match(refused.headers['content-type'], /^application\/problem\+json/);
  t.equal((await ask('ben', '192.0.2.1')).statusCode, 200, 'another user is not held up');
  t.equal(
    (await app.inject({ url: validate, headers: from('192.0.2.1') })).statusCode,
    200,
    'nor are guests',
  );
});

t.test('without a token it is the address, and of IPv6 the line that it belongs to', async (t) => {
  const { app } = await testServer(t, { ...settings, REST_REQUESTS_PER_MINUTE: '2' });
  const ask = async (address: string, url = validate) =>
    (await app.inject({ url, headers: from(address) })).statusCode;
  for (const [one, other, elsewhere] of [
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::2', '2001:db8:1:3::1'],
    ['::ffff:198.51.100.1', '198.51.100.1', '198.51.100.2'],
  ] as const) {
    t.equal(await ask(one), 200);
    t.equal(await ask(other, '/api/v1/nothing'), 404, 'what is not there counts too');
    t.equal(await ask(one), 429, 'a new cookie makes nobody new');
    t.equal(await ask(elsewhere), 200);
  }
});

t.test('the older paths are limited in their own words; pages and health are not', async (t) => {
  const { app } = await testServer(t, { REST_REQUESTS_PER_MINUTE: '2' });
  t.equal((await app.inject('/api')).statusCode, 200);
  t.equal((await app.inject('/api/endstream/1')).statusCode, 400);
  const refused = await app.inject('/api/startstream/1');
  t.equal(refused.statusCode, 429);
  t.same(Object.keys(refused.json<object>()), ['msg']);
  t.match(refused.headers, { 'retry-after': /^\d+$/, 'access-control-allow-origin': '*' });
  t.equal((await app.inject(validate)).statusCode, 429, 'they count together');
  for (const url of ['/', '/r/tea', '/healthz', '/readyz', '/assets/app-1a2b3c.js']) {
    for (let times = 0; times < 4; times += 1) t.equal((await app.inject(url)).statusCode, 200, url);
  }
});

t.test('tokens are not guessed for free, by request or by WebSocket', async (t) => {
  const { app, url } = await testServer(t, { ...tokenSettings, REST_REQUESTS_PER_MINUTE: '20' });
  const ask = (token: string) => app.inject({ url: validate, headers: { authorization: `Bearer ${token}` } });
  t.equal((await ask('guess')).statusCode, 401);
  t.equal((await refusedUpgrade(url, 'another')).status, 401);
  t.match((await ask('once more')).json(), { status: 429, code: 'rate_limited', retryAfterMs: Number });
  const upgrade = await refusedUpgrade(url, 'once more');
  t.match(upgrade, { status: 429, body: { code: 'rate_limited', retryAfterMs: Number } });
  t.equal((await ask(await tokenOf('ada'))).statusCode, 200, 'neighbours with good ones are not held up');
  t.equal((await app.inject(validate)).statusCode, 200, 'who has none is let in as a guest');
});

t.test('a user joins so many times a minute; coming back does not count', async (t) => {
  const { url } = await testServer(t, { ...tokenSettings, JOINS_PER_MINUTE_PER_USER: '2' });
  const token = await tokenOf('ada');
  const first = await Peer.inRoom(t, url, 'tea', { token });
  await Peer.inRoom(t, url, 'tea', { token });
  const third = await Peer.connect(t, url, { token });
  const join = { room: 'tea', displayName: 'Ada' };
  t.match(await third.raw('join', join), {
    ok: false,
    error: { code: 'rate_limited', message: /Wait \d+ s/, retryAfterMs: Number },
  });
  first.socket.terminate();
  await once(first.socket, 'close');
  t.match(await third.raw('resume', { resumeToken: first.joined.resumeToken }), { ok: true });
  const other = await Peer.connect(t, url, { token: await tokenOf('ben') });
  t.match(await other.raw('join', { ...join, displayName: 'Ben' }), { ok: true });
});

t.test('from one address there are so many joins a minute, whoever they are', async (t) => {
  const { url } = await testServer(t, { JOINS_PER_MINUTE_PER_ADDRESS: '2' });
  for (const ok of [true, true, false]) {
    const guest = await Peer.connect(t, url);
    const answer = await guest.raw('join', { room: 'tea', displayName: 'Ada' });
    t.match(answer, ok ? { ok } : { ok, error: { code: 'rate_limited' } });
  }
});

t.test('who has not joined for a while is forgotten', (t) => {
  const joins = new JoinLimits({ user: 1, address: 1_000_000 });
  const refused = (userId: string) => {
    try {
      joins.take(userId, { key: '192.0.2.1', bounded: true });
      return false;
    } catch {
      return true;
    }
  };
  t.equal(refused('ada'), false);
  for (let user = 0; user < 5_000; user += 1) {
    joins.take(`user ${user}`, { key: `192.0.2.${user % 250}`, bounded: true });
  }
  t.equal(refused('ada'), true, 'not while it matters');
  t.end();
});
