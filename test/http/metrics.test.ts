import { once } from 'node:events';
import t from '../support/tap.ts';
import { Scrape } from '../support/metrics.ts';
import { Peer } from '../support/peer.ts';
import { problem, production } from '../support/rest.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { refusedUpgrade, tokenOf, tokenSettings } from '../support/tokens.ts';
import { camera } from '../support/watching.ts';

/** Asks for the metrics, with a token if there is one. */
async function ask({ app }: TestServer, token?: string, method: 'GET' | 'HEAD' = 'GET') {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await app.inject({ method, url: '/metrics', headers });
  const isProblem = /problem/.test(String(answer.headers['content-type']));
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: answer.body,
    body: isProblem ? answer.json<object>() : {},
  };
}

/** How many requests of a kind were answered. */
const answered = (method: string, route: string, status: string) =>
  `trivium_http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`;

t.test('it is text for Prometheus, of this moment, and makes nobody a guest', async (t) => {
  const server = await testServer(t);
  const { status, headers, text } = await ask(server);
  t.equal(status, 200);
  t.match(headers, {
    'content-type': /^text\/plain; version=0\.0\.4; charset=utf-8$/,
    'cache-control': 'no-store',
    'set-cookie': undefined,
  });
  t.match(
    text,
    /^# HELP trivium_participants \S.*\n# TYPE trivium_participants gauge\ntrivium_participants 0$/m,
  );
  t.match(await ask(server, undefined, 'HEAD'), { status: 200, text: '' });
  for (const name of new Scrape(text).kinds.keys()) t.match(name, /^trivium_[a-z0-9_]+$/);
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP')) t.match(line, /^# HELP \S+ \S+.*\S$/, line);
    else t.match(line, /^(|# TYPE \S+ (gauge|counter|histogram)|[a-z_0-9]+(\{.+\})? \S+)$/, line);
  }
});

t.test('METRICS_API says who may: token in production, off nobody', async (t) => {
  const [good, none, oneRoom] = await Promise.all([
    tokenOf('prometheus', { statsRead: true }),
    tokenOf('ada', { roomJoin: true, roomAdmin: true }),
    tokenOf('ada', { statsRead: true, room: 'tea' }),
  ]);
  for (const settings of [
    { ...tokenSettings, METRICS_API: 'token' },
    { ...production, GUESTS: 'on' },
  ]) {
    const server = await testServer(t, settings);
    t.match(await ask(server), {
      ...problem(401, 'unauthorized'),
      headers: { 'www-authenticate': /^Bearer/, 'cache-control': 'no-store', 'set-cookie': undefined },
    });
    t.match(await ask(server, 'nonsense'), {
      ...problem(401, 'unauthorized'),
      headers: { 'cache-control': 'no-store' },
    });
    t.match(await ask(server, none), problem(403, 'forbidden'));
    t.match(await ask(server, oneRoom), problem(403, 'forbidden'));
    t.equal((await ask(server, good)).status, 200);
    const { statusCode } = await server.app.inject(`/metrics?access_token=${good}`);
    t.equal(statusCode, 200, 'as everywhere');
  }
  t.equal((await ask(await testServer(t, { ...production, METRICS_API: 'open' }))).status, 200);
  const off = await ask(await testServer(t, { METRICS_API: 'off' }));
  t.match(off, { status: 404, text: '{"msg":"Route not found"}' });
});

t.test('nobody blinds Prometheus by asking much from its address; refused tokens are limited', async (t) => {
  const server = await testServer(t, { ...tokenSettings, REST_REQUESTS_PER_MINUTE: '3' });
  for (let n = 0; n < 4; n++) await server.app.inject('/api/v1/rooms');
  t.equal((await server.app.inject('/api/v1/rooms')).statusCode, 429);
  for (let n = 0; n < 10; n++) t.equal((await ask(server)).status, 200);
  t.equal((await ask(server, 'guess')).status, 401);
  t.match(await ask(server, 'guess again'), {
    ...problem(429, 'rate_limited'),
    headers: { 'retry-after': /^\d+$/ },
  });
});

t.test('requests are timed by method, route and class of the status', async (t) => {
  const server = await testServer(t);
  const { app } = server;
  for (const [method, url] of [
    ['GET', '/r/tea-room-of-ada'],
    ['GET', '/r/cake'],
    ['GET', '/nowhere/tea-room-of-ada'],
    ['GET', '/api/v1/nowhere/tea-room-of-ada'],
    ['GET', '/api/v1/rooms/tea-room-of-ada'],
    ['DELETE', '/healthz'],
    ['TRACE', '/healthz'],
  ] as const) {
    await app.inject({ method: method as 'GET', url });
  }
  const scrape = await Scrape.of(server);
  t.same(
    scrape.values(
      answered('GET', '/r/:room', '2xx'),
      answered('GET', '/api/v1/rooms/:id', '4xx'),
      answered('GET', 'none', '4xx'),
      answered('DELETE', 'none', '4xx'),
      answered('other', 'none', '4xx'),
    ),
    [2, 1, 2, 1, 1],
  );
  const seconds = scrape.value(answered('GET', '/r/:room', '2xx').replace('_count', '_sum')) ?? 0;
  t.ok(seconds > 0 && seconds < 10, `seconds: ${seconds}`);
});

t.test('a WebSocket is no request that takes as long as it is open; one that is refused is', async (t) => {
  const server = await testServer(t, { ...production, METRICS_API: 'open' });
  await refusedUpgrade(server.url, undefined);
  const peer = await Peer.connect(t, server.url, { token: await tokenOf('ada') });
  t.equal((await Scrape.of(server)).value('trivium_signalling_connections'), 1);
  const [there] = server.app.websocketServer.clients;
  if (!there) throw new Error('nobody is connected');
  const gone = once(there, 'close');
  peer.socket.close();
  await gone;
  const scrape = await Scrape.of(server);
  t.equal(scrape.value('trivium_signalling_connections'), 0);
  t.same(scrape.values(answered('GET', '/ws', '4xx'), answered('GET', '/ws', '2xx')), [1, undefined]);
});

t.test('no name and no id stands anywhere, and nothing that clients send makes it longer', async (t) => {
  const server = await testServer(t, { ...tokenSettings, WORKERS: '2', MESSAGES_BURST: '1000' });
  const { url, app } = server;
  const room = 'Room-xyzzy-1';
  const go = async (n: number) => {
    const token = await tokenOf(`user-xyzzy-${n}`, { roomJoin: true }, `Name xyzzy ${n}`);
    const peer = await Peer.inRoom(t, url, room, { token });
    await camera(peer);
    await peer.raw(`method-xyzzy-${n}`, {});
    await peer.raw('consume', { producerId: `producer-xyzzy-${n}` });
    for (const path of ['/r/', '/nowhere/', '/api/v1/rooms/', '/api/startstream/', '/api/v1/', '/assets/']) {
      await app.inject({
        url: `${path}xyzzy-${n}?xyzzy=${n}`,
        headers: { authorization: `Bearer ${token}` },
      });
    }
    await app.inject({ url: '/api/v1/rooms', headers: { authorization: `Bearer xyzzy-${n}` } });
    for (const method of ['PROPFIND', 'LOCK', 'SEARCH'])
      await app.inject({ method: method as 'GET', url: '/' });
    return peer;
  };
  const peer = await go(1);
  await go(2);
  // What a worker used is left out while it does not answer.
  const first = await Scrape.answeredBy(server, 0, 1);
  for (let n = 3; n < 8; n += 1) await go(n);
  const { text, series } = await Scrape.answeredBy(server, 0, 1);
  t.notMatch(text, /xyzzy/i);
  for (const id of [peer.joined.participantId, peer.joined.room.id, peer.send.id]) {
    t.notOk(text.includes(id), id);
  }
  t.notMatch(text, /127\.0\.0\.1|[0-9a-f]{8}-[0-9a-f]{4}/);
  // Of itself it knows only once it has answered, and what Node is busy with is its own affair.
  const others = (all: string[]) => all.filter((one) => !/route="\/metrics"|_nodejs_|_process_/.test(one));
  t.same(others(series), others(first.series));
});
