import { readFile } from 'node:fs/promises';
import t, { type Test } from '../support/tap.ts';
import type { AuditReport } from '../../server/streams/audit.ts';
import { newUser, Peer, type JoinedPeer } from '../support/peer.ts';
import { ServerProcess } from '../support/server-process.ts';
import { camera } from '../support/watching.ts';

/** DESIGN: after the crash of a worker or of the server everything is right again after so many ms, at most. */
const RIGHT_AGAIN_MS = 20_000;

/** @throws Error while the server cannot say. */
async function audit(url: string): Promise<AuditReport> {
  const answer = await fetch(`${url}/api/v1/audit/slots`);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as AuditReport;
}

/** Waits until a server's slots are `count`, and so is what it forwards. @returns the ms that it took. */
async function rightAgain(url: string, count: number): Promise<number> {
  const began = Date.now();
  for (;;) {
    const report = await audit(url).catch(() => undefined);
    const isRight = report?.slots === count && report.forwarded === count && report.drift.length === 0;
    if (isRight) return Date.now() - began;
    if (Date.now() - began > RIGHT_AGAIN_MS) throw new Error(`after 20 s: ${JSON.stringify(report)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Three users in two rooms, who each watch three of four. @returns a cookie of each. */
async function calls(t: Test, url: string): Promise<string[]> {
  const sources: { room: string; producerId: string }[] = [];
  for (const room of ['tea', 'tea', 'coffee', 'coffee']) {
    sources.push({ room, producerId: await camera(await Peer.inRoom(t, url, room)) });
  }
  const cookies = await Promise.all([newUser(url), newUser(url), newUser(url)]);
  for (const cookie of cookies) {
    const tabs = new Map<string, JoinedPeer>();
    for (const room of ['tea', 'coffee']) tabs.set(room, await Peer.inRoom(t, url, room, cookie));
    for (const { room, producerId } of sources.slice(0, 3))
      await tabs.get(room)?.request('consume', { producerId });
  }
  return cookies;
}

/** The pids of the mediasoup workers of a server. */
async function workerPids(server: ServerProcess): Promise<number[]> {
  const { pid = 0 } = server.child;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const named = await Promise.all(
    children
      .trim()
      .split(' ')
      .map(async (child) => ({
        child: Number(child),
        command: await readFile(`/proc/${child}/cmdline`, 'utf8'),
      })),
  );
  return named.filter(({ command }) => command.includes('mediasoup-worker')).map(({ child }) => child);
}

t.test(
  'kill -9 of a worker in a call of several users: its slots are free, the others’ are kept',
  async (t) => {
    const server = await ServerProcess.spawn(t, { WORKERS: '2' });
    const url = await server.ready();
    const cookies = await calls(t, url);
    await rightAgain(url, 9);
    const [first] = await workerPids(server);
    if (first === undefined) throw new Error('no worker');
    process.kill(first, 'SIGKILL');
    const began = Date.now();
    let report = await audit(url).catch(() => undefined);
    while (!report || report.slots === 9 || report.drift.length > 0 || report.slots !== report.forwarded) {
      if (Date.now() - began > RIGHT_AGAIN_MS) throw new Error(`after 20 s: ${JSON.stringify(report)}`);
      report = await audit(url).catch(() => undefined);
    }
    t.comment(`right again after ${Date.now() - began} ms`);
    t.ok([3, 6].includes(report.slots), 'one room is on each worker');
    t.equal(report.selfCheck.mended, 0, 'by the usual way, not by mending');
    const again = await Peer.inRoom(t, url, 'juice', cookies[0]);
    const cameras = await Promise.all([1, 2, 3].map(async () => camera(await Peer.inRoom(t, url, 'juice'))));
    const answers = await Promise.all(cameras.map((producerId) => again.raw('consume', { producerId })));
    const others = report.slots / 3;
    t.equal(answers.filter(({ ok }) => ok).length, 3 - others, 'and what is free can be used');
  },
);

t.test('kill -9 of the server in a call of several users: everything is free when it is back', async (t) => {
  const server = await ServerProcess.spawn(t);
  const url = await server.ready();
  const cookies = await calls(t, url);
  await rightAgain(url, 9);
  server.child.kill('SIGKILL');
  await server.exited;
  await server.gone();
  const began = Date.now();
  const next = await ServerProcess.spawn(t, { TRIVIUM_DATA_DIR: server.dataDir });
  const back = await next.ready();
  t.same(await audit(back), {
    slots: 0,
    forwarded: 0,
    declared: 0,
    drift: [],
    selfCheck: { runs: 0, mended: 0 },
  });
  t.ok(Date.now() - began < RIGHT_AGAIN_MS);
  for (const cookie of cookies) {
    const viewer = await Peer.inRoom(t, back, 'tea', cookie);
    for (let i = 0; i < 3; i += 1) {
      await viewer.request('consume', { producerId: await camera(await Peer.inRoom(t, back, 'tea')) });
    }
  }
  await rightAgain(back, 9);
});

t.test('a client that is gone without a word: its slots are free after the grace', async (t) => {
  const server = await ServerProcess.spawn(t, { RESUME_GRACE_MS: '500' });
  const url = await server.ready();
  const producerId = await camera(await Peer.inRoom(t, url, 'tea'));
  const viewer = await Peer.inRoom(t, url, 'tea');
  await viewer.request('consume', { producerId });
  await rightAgain(url, 1);
  viewer.socket.terminate();
  t.comment(`right again after ${await rightAgain(url, 0)} ms`);
});
