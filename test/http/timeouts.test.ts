import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from '../support/tap.ts';
import { newUser, Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';

/** Shorter than the time between two looks for such connections, which is a second. */
const BRIEF = {
  HTTP_HEADERS_TIMEOUT_MS: '200',
  HTTP_REQUEST_TIMEOUT_MS: '200',
  HTTP_KEEP_ALIVE_MS: '200',
};

/** A connection that says something. */
async function says(t: Test, url: string, what: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(what);
  return socket;
}

/** All that is said over a connection until it is closed, however that is. */
async function heard(socket: Socket): Promise<string> {
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // Data that arrives after the server closed the connection resets it.
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}

t.test('a request that does not arrive ends its connection', async (t) => {
  const { url } = await testServer(t, BRIEF);
  const post = 'POST /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  for (const [what, begun] of [
    ['headers that do not end', 'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n'],
    ['a body that does not end', `${post}Content-Length: 60000\r\n\r\n{`],
    ['nothing', ''],
  ] as const) {
    t.match(await heard(await says(t, url, begun)), /^HTTP\/1\.1 408 /, what);
  }
});

t.test('bytes that trickle in do not prolong it', async (t) => {
  const { url } = await testServer(t, BRIEF);
  const socket = await says(t, url, 'GET / HTTP/1.1\r\nHost: localhost\r\n');
  const trickle = setInterval(() => socket.write('X: y\r\n'), 50);
  t.teardown(() => clearInterval(trickle));
  t.notMatch(await heard(socket), /^HTTP\/1\.1 200 /);
});

t.test('a connection that asks no more is closed', async (t) => {
  const { url } = await testServer(t, BRIEF);
  const answer = await heard(await says(t, url, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'));
  t.match(answer, /^HTTP\/1\.1 200 /);
  t.match(answer, /"alive"/);
});

t.test('none of it holds for a connection that is upgraded', async (t) => {
  const { url, app } = await testServer(t, BRIEF);
  const peer = await Peer.inRoom(t, url, 'tea', await newUser(url));
  // Two looks later, both of which end one that is silent.
  for (let looks = 0; looks < 2; looks += 1) await heard(await says(t, url, ''));
  t.equal(app.websocketServer.clients.size, 1);
  t.ok(await peer.request('restartIce', { transportId: peer.recv.id }));
});

t.test('by default a request has ten seconds, and a connection 95 to ask again', async (t) => {
  const { server } = (await testServer(t)).app;
  t.same([server.headersTimeout, server.requestTimeout, server.keepAliveTimeout], [10_000, 10_000, 95_000]);
});
