import { readFile } from 'node:fs/promises';
import type { types } from 'mediasoup';
import type { Registry } from 'prom-client';
import type { WorkerPool } from '../media/worker-pool.ts';
import { counter, gauge, type Labelled } from './definitions.ts';
import { WorkerUsage } from './worker-usage.ts';

/** The workers of mediasoup, by their number from 0: a worker that is replaced passes its number on. */
export function describeWorkers(registry: Registry, workers: WorkerPool): void {
  const usage = new WorkerUsage();

  /** What each worker used, in the order of their numbers; undefined of one that does not answer. */
  const usages = (): Promise<(types.WorkerResourceUsage | undefined)[]> =>
    Promise.all(workers.places.map(async (place) => place && (await usage.of(place))));

  gauge(registry, {
    name: 'workers_expected',
    help: 'mediasoup workers that there should be (WORKERS).',
    read: () => workers.places.length,
  });
  gauge(registry, {
    name: 'workers_running',
    help: 'mediasoup workers that run.',
    read: () => workers.workers.length,
  });
  counter(registry, {
    name: 'worker_deaths_total',
    help: 'mediasoup workers that died. The rooms of each were closed, and a new one was started.',
    read: () => workers.deaths,
  });
  counter(registry, {
    name: 'worker_hangs_total',
    help: 'mediasoup workers that did not answer three probes in a row, and were killed. Each is counted as a death too.',
    read: () => workers.hangs,
  });
  gauge(registry, {
    name: 'worker_answers',
    help: '1 where a worker answers within half a second, 0 where it does not, or does not run.',
    labelNames: ['worker'],
    read: async () =>
      (await usages()).map((used, index): Labelled<'worker'> => [{ worker: String(index) }, used ? 1 : 0]),
  });
  counter(registry, {
    name: 'worker_cpu_seconds_total',
    help: 'CPU time of each worker; from 0 again for one that was replaced, and left out while it does not answer.',
    labelNames: ['worker', 'mode'],
    read: async () =>
      (await usages()).flatMap((used, index): Labelled<'worker' | 'mode'>[] =>
        used
          ? [
              [{ worker: String(index), mode: 'user' }, used.ru_utime / 1_000],
              [{ worker: String(index), mode: 'system' }, used.ru_stime / 1_000],
            ]
          : [],
      ),
  });
  gauge(registry, {
    name: 'worker_memory_bytes',
    help: 'Resident memory of each worker; left out where it does not run, or the system has no /proc.',
    labelNames: ['worker'],
    read: async () => {
      const memory = workers.places.map(async (place) => place && (await residentMemory(place.worker.pid)));
      return (await Promise.all(memory)).flatMap((bytes, index): Labelled<'worker'>[] =>
        bytes === undefined ? [] : [[{ worker: String(index) }, bytes]],
      );
    },
  });
  gauge(registry, {
    name: 'worker_consumers',
    help: 'Tracks that each worker forwards: what its work grows with.',
    labelNames: ['worker'],
    read: () =>
      workers.places.map((place, index): Labelled<'worker'> => [
        { worker: String(index) },
        place?.consumers ?? 0,
      ]),
  });
}

/**
 * A process's resident memory, in bytes; undefined where nobody tells. Of a worker mediasoup tells the most that it ever had.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
async function residentMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}
