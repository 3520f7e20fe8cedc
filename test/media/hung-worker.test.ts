import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from '../support/tap.ts';
import { Scrape } from '../support/metrics.ts';
import { Peer, Refused } from '../support/peer.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { ServerProcess } from '../support/server-process.ts';
import { camera } from '../support/watching.ts';

/** The one worker that runs a room. */
function busyWorker({ workers }: TestServer) {
  const [found] = workers.workers.filter(({ routers }) => routers.size > 0);
  if (!found) throw new Error('no worker runs a room');
  return found;
}

t.test(
  'a worker that hangs is killed and replaced; requests to it end, and no room is put on it',
  async (t) => {
    const server = await testServer(t, { WORKERS: '2' }, { faults: true });
    const { url, workers, app } = server;
    const ada = await Peer.inRoom(t, url, 'tea');
    const producerId = await camera(ada);
    const hung = busyWorker(server);
    const replaced = once(workers, 'replaced');
    process.kill(hung.worker.pid, 'SIGSTOP');

    const asked = ada.request('pauseProducer', { producerId }).catch((error: unknown) => error);
    // A probe is missed after 4 s at most.
    while (hung.misses === 0) await sleep(20);
    t.equal((await app.inject('/readyz')).statusCode, 503);
    for (const name of ['r1', 'r2', 'r3', 'r4']) await Peer.inRoom(t, url, name);
    t.equal(hung.routers.size + hung.opening, 1, 'new rooms are put on the other one');

    const refused = await asked;
    if (!(refused instanceof Refused)) throw new Error('the request was not refused');
    t.equal(refused.code, 'unavailable');
    t.match(await ada.next('roomClosed'), { reason: 'worker_died' });
    await replaced;
    t.equal((await app.inject('/readyz')).statusCode, 200);
    const scrape = await Scrape.answeredBy(server, 0, 1);
    t.same(scrape.values('trivium_worker_hangs_total', 'trivium_worker_deaths_total'), [1, 1]);
    await camera(await Peer.inRoom(t, url, 'tea'));
  },
);

t.test('no worker is blamed while this process itself is late', async (t) => {
  const { workers } = await testServer(t, {}, { faults: true });
  const [worker] = workers.workers;
  if (!worker) throw new Error('there is no worker');
  process.kill(worker.worker.pid, 'SIGSTOP');
  t.teardown(() => process.kill(worker.worker.pid, 'SIGCONT'));
  const cell = new Int32Array(new SharedArrayBuffer(4));
  // As long as three probes and one that had begun before.
  for (const until = performance.now() + 8_500; performance.now() < until;) {
    Atomics.wait(cell, 0, 0, 600);
    await sleep(100);
  }
  t.equal(worker.misses, 0);
  process.kill(worker.worker.pid, 'SIGCONT');
  await worker.worker.dump();
  t.equal(workers.hangs, 0);
});

t.test('a server stops with a worker that hangs, and leaves no process', async (t) => {
  const server = await ServerProcess.spawn(t, { WORKERS: '1' });
  await Peer.inRoom(t, await server.ready(), 'tea');
  const [pid] = await server.workerPids();
  if (pid === undefined) throw new Error('the server runs no worker');
  process.kill(pid, 'SIGSTOP');
  server.child.kill('SIGTERM');
  t.match(await server.exited, { signal: null });
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});
