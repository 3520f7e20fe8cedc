import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import t from '../support/tap.ts';
import type { Sample } from '../../server/stats/sample.ts';
import { sampleOf, trackOf } from '../support/samples.ts';
import { allWritten, testServer } from '../support/server.ts';
import { Peer } from '../support/peer.ts';
import { microphone } from '../support/tracks.ts';
import { report } from './report.ts';

const PEOPLE = 21;
const ROUNDS = 20;
/** Between two samples, as it is by default, in ms. */
const INTERVAL_MS = 5_000;
/** Of Linux, for the times in /proc/<pid>/stat, a second. */
const TICKS = 100;

/** What so many people's samples are, once media flows: these peers send none. */
function samplesOf(people: number): Sample[] {
  const endedAt = Date.now();
  return Array.from({ length: people }, () => {
    const [whole, participantId] = [randomUUID(), randomUUID()];
    const own = { transportId: whole, participantId, endedAt, direction: 'recv' } as const;
    const tracks = Array.from({ length: people - 1 }, () =>
      sampleOf({ ...own, track: trackOf({ id: randomUUID() }) }),
    );
    return [sampleOf({ ...own, track: undefined }), ...tracks];
  }).flat();
}

/** CPU time that a process has used, in ms. */
async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

t.test('what sampling costs', { timeout: 300_000 }, async (t) => {
  const server = await testServer(t, { WORKERS: '1', STATS_INTERVAL_MS: '60000', MESSAGES_BURST: '1000' });
  const people = [];
  for (let n = 0; n < PEOPLE; n += 1) people.push(await Peer.inRoom(t, server.url, 'tea'));
  const producers = await Promise.all(people.map((one) => one.request('produce', microphone(one))));
  for (const [n, one] of people.entries()) {
    for (const [m, { producerId }] of producers.entries())
      if (m !== n) await one.request('consume', { producerId });
  }
  const pid = server.workers.workers[0]?.worker.pid ?? 0;
  await server.recorder.sampler.sample();
  await allWritten(server.recorder);

  const [worker, node] = [await cpuOf(pid), process.cpuUsage()];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let longest = 0;
  for (let n = 0; n < ROUNDS; n += 1) {
    const began = performance.now();
    await server.recorder.sampler.sample();
    server.recorder.writer.add(samplesOf(PEOPLE));
    longest = Math.max(longest, performance.now() - began);
    await allWritten(server.recorder);
  }
  delay.disable();
  const { user, system } = process.cpuUsage(node);
  const share = (ms: number) => `${((100 * ms) / ROUNDS / INTERVAL_MS).toFixed(2)} %`;
  const consumers = PEOPLE * (PEOPLE - 1);
  const table = [
    '| consumers | Node, of a core | worker, of a core | event loop p99, ms | longest round, ms |',
    '| --- | --- | --- | --- | --- |',
    `| ${consumers} | ${share((user + system) / 1000)} | ${share((await cpuOf(pid)) - worker)} | ${(delay.percentile(99) / 1e6).toFixed(1)} | ${longest.toFixed(0)} |`,
  ];
  t.comment(table.at(-1));
  await report('sampler', table, `${cpus().length} cores, Node ${process.versions.node}`);
});
