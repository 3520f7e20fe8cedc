import { createServer } from 'node:net';
import { once } from 'node:events';
import t, { type Test } from './support/tap.ts';
import { WebSocket } from 'ws';
import { newUser, Peer, type JoinedPeer } from './support/peer.ts';
import { temporaryFolder } from './support/postgres.ts';
import { vp8 } from './support/rtp.ts';
import { ServerProcess } from './support/server-process.ts';
import { tokenSettings } from './support/tokens.ts';

t.test('it starts without any setting, says where to point a browser, and stops by a signal', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const server = await ServerProcess.spawn(t, { TRIVIUM_DATA_DIR: await temporaryFolder(t) });
    const url = await server.ready();
    t.equal((await fetch(`${url}/readyz`)).status, 200);
    t.ok(
      (await server.processes()).some((command) => command.includes('mediasoup-worker')),
      'workers run',
    );
    t.ok(
      (await server.processes()).some((command) => command.includes('postgres')),
      'PostgreSQL runs',
    );

    server.child.kill(signal);
    // Ctrl-C under npm comes twice: from the terminal and from npm.
    server.child.kill(signal);
    t.same(await server.exited, { code: 0, signal: null }, `${signal} is a good end`);
    t.same(await server.gone(), [], 'nothing is left running');
    t.equal(server.stderr, '');
    for (const line of server.stdout) {
      // In a container it warns that nobody outside can reach it.
      const level = line.includes('"announced"') ? 'warn' : 'info';
      t.match(JSON.parse(line), { level, time: String, msg: String });
    }
  }
});

t.test('kill -9 leaves no process behind, and the next start frees what was held', async (t) => {
  const server = await ServerProcess.spawn(t);
  const url = await server.ready();
  const cookie = await newUser(url);
  await watchThree(t, url, cookie);
  server.child.kill('SIGKILL');
  await server.exited;
  t.same(await server.gone(), []);

  const next = await ServerProcess.spawn(t, { TRIVIUM_DATA_DIR: server.dataDir });
  const viewer = await watchThree(t, await next.ready(), cookie);
  t.equal(viewer.joined.participants.length, 3, 'nobody of the former run is taken for present');
  t.pass('and the same user may watch three again at once');
});

/** A user who watches as many as one may. */
async function watchThree(t: Test, url: string, cookie: string): Promise<JoinedPeer> {
  const cameras = await Promise.all(
    ['tea', 'tea', 'tea'].map(async (room) => {
      const peer = await Peer.inRoom(t, url, room);
      return peer.request('produce', {
        transportId: peer.send.id,
        kind: 'video',
        source: 'camera',
        rtpParameters: vp8(),
      });
    }),
  );
  const viewer = await Peer.inRoom(t, url, 'tea', cookie);
  for (const camera of cameras) await viewer.request('consume', camera);
  return viewer;
}

t.test('the calls of a server that stops are told so, and recorded', async (t) => {
  const server = await ServerProcess.spawn(t);
  const peer = await Peer.inRoom(t, await server.ready(), 'tea');
  const closed = once(peer.socket, 'close');
  server.child.kill('SIGTERM');
  t.match(await peer.next('roomClosed'), { reason: 'server_stopped' });
  t.match(await closed, [1001]);
  t.match(await server.exited, { code: 0 });
});

t.test(
  'with DRAIN_MS, calls go on after SIGTERM and nobody new gets in, until the last one leaves',
  async (t) => {
    const server = await ServerProcess.spawn(t, { DRAIN_MS: '60000' });
    const url = await server.ready();
    const peer = await Peer.inRoom(t, url, 'tea');
    server.child.kill('SIGTERM');
    t.same(await peer.next('serverStopping'), { withinMs: 60_000 });
    t.equal((await fetch(`${url}/readyz`)).status, 503);
    const late = await Peer.connect(t, url);
    await t.rejects(late.request('join', { room: 'tea', displayName: 'Ben' }), { code: 'unavailable' });
    await peer.request('restartIce', { transportId: peer.recv.id });
    await peer.request('leave', {});
    t.same(await server.exited, { code: 0, signal: null });
  },
);

t.test('the wait for calls ends when its time is over, and by another signal', async (t) => {
  for (const [DRAIN_MS, again] of [
    ['100', false],
    ['60000', true],
  ] as const) {
    const server = await ServerProcess.spawn(t, { DRAIN_MS });
    const peer = await Peer.inRoom(t, await server.ready(), 'tea');
    server.child.kill('SIGTERM');
    await peer.next('serverStopping');
    if (again) server.child.kill('SIGTERM');
    t.match(await peer.next('roomClosed'), { reason: 'server_stopped' });
    t.same(await server.exited, { code: 0, signal: null });
  }
});

t.test('the wait for calls ends though the garbage is collected meanwhile', async (t) => {
  const script = encodeURIComponent(
    `import v8 from "node:v8"; import vm from "node:vm";
     v8.setFlagsFromString("--expose-gc");
     process.on("SIGUSR2", () => vm.runInNewContext("gc")());`,
  );
  const server = await ServerProcess.spawn(t, {
    DRAIN_MS: '1000',
    NODE_OPTIONS: `--import=data:text/javascript,${script}`,
  });
  const peer = await Peer.inRoom(t, await server.ready(), 'tea');
  server.child.kill('SIGTERM');
  await peer.next('serverStopping');
  server.child.kill('SIGUSR2');
  t.match(await peer.next('roomClosed'), { reason: 'server_stopped' });
  t.same(await server.exited, { code: 0, signal: null });
});

t.test('who tries to connect while the server stops does not hold it up', async (t) => {
  const server = await ServerProcess.spawn(t);
  const url = await server.ready();
  await Peer.inRoom(t, url, 'tea');
  let knocking = true;
  t.teardown(() => (knocking = false));
  // One attempt follows the other, so that a slow machine is not flooded.
  const knock = () => {
    if (!knocking) return;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    socket.on('error', () => undefined).once('close', () => setImmediate(knock));
  };
  for (let i = 0; i < 4; i += 1) knock();
  server.child.kill('SIGTERM');
  t.same(await server.exited, { code: 0, signal: null });
  knocking = false;
});

t.test('a fault that nothing has caught is one line of the log, and everything is closed', async (t) => {
  const faults = {
    uncaughtException: 'throw new Error("boom")',
    unhandledRejection: 'Promise.reject(new Error("boom"))',
  };
  for (const [event, fault] of Object.entries(faults)) {
    const script = encodeURIComponent(`process.on("SIGUSR2", () => { ${fault} })`);
    const server = await ServerProcess.spawn(t, { NODE_OPTIONS: `--import=data:text/javascript,${script}` });
    const peer = await Peer.inRoom(t, await server.ready(), 'tea');
    server.child.kill('SIGUSR2');
    t.match(await peer.next('roomClosed'), { reason: 'server_stopped' }, event);
    t.same(await server.exited, { code: 1, signal: null });
    t.same(await server.gone(), [], 'nothing is left running');
    const told = server.stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
    const fatal = told.filter(({ level }) => level === 'fatal');
    t.match(fatal, [{ event, err: { message: 'boom', stack: /SIGUSR2|data:/ } }]);
    t.equal(fatal.length, 1);
    t.equal(server.stderr, '');
  }
});

t.test('a browser is the same user after a restart', async (t) => {
  const server = await ServerProcess.spawn(t);
  const [cookie = ''] = (await fetch(await server.ready())).headers.getSetCookie();
  server.child.kill('SIGTERM');
  await server.exited;
  const next = await ServerProcess.spawn(t, { TRIVIUM_DATA_DIR: server.dataDir });
  const answer = await fetch(await next.ready(), { headers: { cookie: cookie.split(';')[0] ?? '' } });
  t.same(answer.headers.getSetCookie(), []);
});

t.test('in production without PUBLIC_URL it warns that it answers to any host name', async (t) => {
  const server = await ServerProcess.spawn(t, { ...tokenSettings, NODE_ENV: 'production' });
  await server.ready();
  t.match(server.stdout.join('\n'), /"level":"warn".*PUBLIC_URL is not set.*DNS rebinding/);
});

t.test('what it cannot start with is one clear sentence, exit code 1, and nothing left', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const port = String((taken.address() as { port: number }).port);
  for (const [environment, sentence] of [
    [{ PORT: port }, new RegExp(`^Port ${port} on 127.0.0.1 is in use by another program.*set PORT`)],
    [
      { RTC_PORTS: `${port}-${port}`, WORKERS: '1' },
      new RegExp(`^Media worker 1 cannot listen.*port ${port}.*Set RTC_PORTS`),
    ],
    [{ HOST: '203.0.113.1' }, /203\.0\.113\.1/],
    [{ PORT: 'abc' }, /^PORT="abc" must be integer/],
    [{ DATABASE_URL: 'postgres://u@127.0.0.1:1/d' }, /^The PostgreSQL of DATABASE_URL cannot be used/],
  ] as const) {
    const server = await ServerProcess.spawn(t, environment);
    t.match(await server.exited, { code: 1 }, JSON.stringify(environment));
    const told = server.stderr || (JSON.parse(server.stdout.at(-1) ?? '{}') as { msg: string }).msg;
    t.match(told, sentence);
    t.same(await server.gone(), []);
  }
});
