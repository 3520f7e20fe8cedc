import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import t from '../support/tap.ts';
import { WebSocket } from 'ws';
import { until } from '../db/fixtures/processes.ts';
import { newUser, Peer } from '../support/peer.ts';
import { ServerProcess } from '../support/server-process.ts';
import { testServer } from '../support/server.ts';
import { refusedUpgrade, tokenSettings } from '../support/tokens.ts';

t.test('a frame that is no request gets a clear error, and the connection goes on', async (t) => {
  const { url } = await testServer(t);
  const peer = await Peer.connect(t, url);
  for (const frame of [
    '',
    'hello',
    '{',
    '[]',
    'null',
    '1',
    '{}',
    '{"id":1}',
    '{"id":"1","method":"leave"}',
    '{"id":-1,"method":"leave"}',
    '{"id":1,"method":"leave","more":1}',
  ]) {
    t.match(await peer.answerTo(frame), { id: null, ok: false, error: { code: 'bad_message' } }, frame);
  }
  t.match(await peer.answerTo(Buffer.from([1, 2, 3])), { error: { code: 'bad_message', message: /text/ } });
  t.match(await peer.raw('nonsense', {}), { error: { code: 'unknown_method', message: /"nonsense"/ } });
  t.match(await peer.raw('constructor', {}), { error: { code: 'unknown_method' } });
  t.ok((await peer.raw('join', { room: 'tea', displayName: 'Ada' })).ok);
});

t.test('data that does not fit is refused by the name of what is wrong', async (t) => {
  const { url } = await testServer(t);
  const peer = await Peer.connect(t, url);
  for (const [data, what] of [
    [{}, /join: data must have required properties room/],
    [
      { room: 'a b', displayName: 'Ada' },
      'join: data.room "a b" does not fit: 1 to 64 letters, digits, `-` and `_`, beginning with a letter or digit.',
    ],
    [{ room: '', displayName: 'Ada' }, /data\.room/],
    [{ room: 'tea', displayName: '   ' }, /data\.displayName/],
    [{ room: 'tea', displayName: 'x'.repeat(65) }, /data\.displayName/],
    [{ room: 'tea', displayName: 'Ada', rtpCapabilities: 1 }, /data\.rtpCapabilities/],
    [{ room: 'tea', displayName: 'Ada', more: 1 }, 'join: data has no property more.'],
    [[], /data/],
    ['tea', /data/],
  ] as const) {
    t.match(await peer.raw('join', data), { ok: false, error: { code: 'bad_request', message: what } });
  }
  t.match(await peer.raw('createTransport', { direction: 'up' }), {
    error: { message: 'createTransport: data.direction "up" must be one of send, recv.' },
  });
});

t.test('before joining there is nothing to work on; joining twice is refused', async (t) => {
  const { url } = await testServer(t);
  const peer = await Peer.connect(t, url);
  t.match(await peer.raw('createTransport', { direction: 'send' }), { error: { code: 'not_joined' } });
  t.ok((await peer.raw('join', { room: 'tea', displayName: 'Ada' })).ok);
  t.match(await peer.raw('join', { room: 'tea', displayName: 'Ada' }), { error: { code: 'already_joined' } });
  t.ok((await peer.raw('leave', {})).ok);
  t.ok(
    (await peer.raw('join', { room: 'coffee', displayName: 'Ada' })).ok,
    'after leaving one may join again',
  );
});

t.test('a frame over the limit ends the socket with 1009', async (t) => {
  const { url } = await testServer(t, { MESSAGE_MAX_BYTES: '1000' });
  const peer = await Peer.connect(t, url);
  peer.socket.send('x'.repeat(1001));
  const [code] = (await once(peer.socket, 'close')) as [number];
  t.equal(code, 1009);
});

t.test('too many messages are refused, far too many end the socket', async (t) => {
  const { url } = await testServer(t, { MESSAGES_PER_SECOND: '1', MESSAGES_BURST: '5' });
  const peer = await Peer.connect(t, url);
  const answers = await Promise.all(Array.from({ length: 8 }, () => peer.raw('leave', {})));
  const refused = answers.filter((answer) => !answer.ok && answer.error.code === 'rate_limited');
  t.equal(refused.length, 3, 'what is over the burst is refused');
  t.match(refused[0], { error: { retryAfterMs: 1000 } });
  const closed = once(peer.socket, 'close');
  const flood = setInterval(() => peer.socket.send('{}'), 10);
  t.teardown(() => clearInterval(flood));
  t.match(await closed, [4008], 'also where one now and then is within the limit');
});

t.test('a client that falls silent is gone after the time-out', async (t) => {
  const { url } = await testServer(t, {
    PING_INTERVAL_MS: '20',
    // Nobody answers while this process, in which server and clients are, does not get on.
    PING_TIMEOUT_MS: '3000',
    RESUME_GRACE_MS: '50',
  });
  const peer = await Peer.inRoom(t, url, 'tea');
  const watcher = await Peer.inRoom(t, url, 'tea');
  peer.socket.pause();
  t.match(await watcher.next('participantLeft'), {
    participantId: peer.joined.participantId,
    reason: 'disconnected',
  });
  t.equal(watcher.socket.readyState, WebSocket.OPEN, 'one that answers pings stays');
});

t.test('a server that stood still for longer ends nobody’s connection', async (t) => {
  const server = await ServerProcess.spawn(t, { PING_INTERVAL_MS: '50', PING_TIMEOUT_MS: '1000' });
  const peer = await Peer.inRoom(t, await server.ready(), 'tea');
  await once(peer.socket, 'ping');
  server.child.kill('SIGSTOP');
  const stopped = performance.now();
  await until('its time-out is over', () => performance.now() - stopped > 1_200);
  server.child.kill('SIGCONT');
  await once(peer.socket, 'ping');
  await once(peer.socket, 'ping');
  t.match(await peer.raw('leave', {}), { ok: true });
});

t.test('pages of other origins may not connect, unless they are allowed', async (t) => {
  const allowed = { ALLOWED_ORIGINS: 'https://shop.example, https://b.example' };
  const [{ url }, production] = [
    await testServer(t, allowed),
    await testServer(t, { ...tokenSettings, NODE_ENV: 'production', GUESTS: 'on' }),
  ];
  const local = 'http://localhost:5173';
  for (const [server, origin] of [
    [url, 'https://evil.example'],
    [url, 'null'],
    [production.url, local],
  ] as const) {
    t.match(await refusedUpgrade(server, undefined, { origin }), {
      status: 403,
      body: { code: 'origin_not_allowed', message: new RegExp(`origin ${origin}.*ALLOWED_ORIGINS`) },
    });
  }
  for (const [what, headers] of [
    ['it is in ALLOWED_ORIGINS', { origin: 'https://b.example' }],
    ['it is of this machine', { origin: local }],
    ['the server’s own pages', { origin: url }],
    ['no browser', {}],
  ] as const) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers });
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    t.pass(what);
  }
});

t.test('who comes by WebSocket first gets the cookie with the handshake', async (t) => {
  const { url } = await testServer(t);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  t.teardown(() => socket.terminate());
  const [{ headers }] = (await once(socket, 'upgrade')) as [IncomingMessage];
  const [cookie = ''] = headers['set-cookie'] ?? [];
  t.match(cookie, /^trivium_guest=guest.*HttpOnly/);
  const [first, second] = [
    await Peer.connect(t, url, cookie.split(';')[0]),
    await Peer.connect(t, url, cookie.split(';')[0]),
  ];
  t.equal(first.hello.userId, second.hello.userId);
});

t.test('a browser is one user by its cookie; one that was tampered with is a new guest', async (t) => {
  const { url } = await testServer(t);
  const cookie = await newUser(url);
  const [first, second] = [await Peer.connect(t, url, cookie), await Peer.connect(t, url, cookie)];
  t.equal(first.hello.userId, second.hello.userId);
  t.match(first.hello.userId, /^guest:[0-9a-f]{32}$/);
  const forged = await Peer.connect(
    t,
    url,
    cookie.replace(/=guest.*?\./, `=${encodeURIComponent('guest:victim')}.`),
  );
  t.match(forged.hello.userId, /^guest:[0-9a-f]{32}$/);
  t.not(forged.hello.userId, first.hello.userId);
});
