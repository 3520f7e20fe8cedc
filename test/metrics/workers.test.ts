import { once } from 'node:events';
import t from '../support/tap.ts';
import { Scrape } from '../support/metrics.ts';
import { Peer } from '../support/peer.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { camera } from '../support/watching.ts';

const answers = ['trivium_worker_answers{worker="0"}', 'trivium_worker_answers{worker="1"}'];
const user = (worker: number) => `trivium_worker_cpu_seconds_total{worker="${worker}",mode="user"}`;
const memory = (worker: number) => `trivium_worker_memory_bytes{worker="${worker}"}`;

function workerOf({ workers }: TestServer, index: number) {
  const place = workers.places[index];
  if (!place) throw new Error(`there is no worker ${index}`);
  return place.worker;
}

t.test('each worker’s CPU time and memory stand under its number', async (t) => {
  const server = await testServer(t, { WORKERS: '2' });
  const scrape = await Scrape.answeredBy(server, 0, 1);
  t.same(scrape.values('trivium_workers_expected', 'trivium_workers_running'), [2, 2]);
  t.same(scrape.values(...answers), [1, 1]);
  for (const worker of [0, 1]) {
    const cpu = scrape.value(user(worker)) ?? -1;
    t.ok(cpu >= 0 && cpu < 60, `seconds: ${cpu}`);
    const bytes = scrape.value(memory(worker)) ?? 0;
    t.ok(bytes > 1e6 && bytes < 1e9, `bytes: ${bytes}`);
  }
});

t.test('a worker that hangs holds up no scrape, and is asked once', async (t) => {
  const server = await testServer(t, { WORKERS: '2' }, { faults: true });
  const worker = workerOf(server, 1);
  const before = await Scrape.answeredBy(server, 0, 1);
  let asked = 0;
  const ask = worker.getResourceUsage.bind(worker);
  worker.getResourceUsage = () => {
    asked += 1;
    return ask();
  };
  process.kill(worker.pid, 'SIGSTOP');
  t.teardown(() => process.kill(worker.pid, 'SIGCONT'));
  for (let times = 0; times < 3; times += 1) {
    const scrape = await Scrape.answeredBy(server, 0);
    t.same(scrape.values(...answers, user(1)), [1, 0, undefined]);
    t.ok((scrape.value(memory(1)) ?? 0) > 1e6, 'the system knows its memory');
    t.ok(scrape.value(user(0)) !== undefined);
    t.equal(scrape.value('trivium_workers_running'), 2, 'it has not ended');
  }
  t.equal(asked, 1);
  process.kill(worker.pid, 'SIGCONT');
  await ask();
  const after = await Scrape.answeredBy(server, 0, 1);
  t.same(after.values(...answers), [1, 1]);
  t.ok((after.value(user(1)) ?? -1) >= (before.value(user(1)) ?? Infinity), 'and goes on from where it was');
});

t.test('a worker that dies is counted, and its successor has its number', async (t) => {
  const server = await testServer(t, { WORKERS: '2' }, { faults: true });
  await camera(await Peer.inRoom(t, server.url, 'tea'));
  t.equal((await Scrape.of(server)).value('trivium_worker_deaths_total'), 0);
  const worker = workerOf(server, 0);
  const replaced = once(server.workers, 'replaced');
  process.kill(worker.pid, 'SIGKILL');
  await once(worker, 'died');
  const without = await Scrape.of(server);
  t.same(without.values('trivium_worker_deaths_total', 'trivium_workers_expected'), [1, 2]);
  await replaced;
  const scrape = await Scrape.answeredBy(server, 0, 1);
  t.same(scrape.values('trivium_worker_deaths_total', 'trivium_workers_running', ...answers), [1, 2, 1, 1]);
});
