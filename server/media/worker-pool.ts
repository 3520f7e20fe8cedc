import { EventEmitter, once } from 'node:events';
import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { answered } from './answered.ts';
import { mediaCodecs } from './codecs.ts';
import { WorkerProbe } from './worker-probe.ts';

/** A mediasoup worker, the one port that all its transports share, and how much it carries. */
export interface MediaWorker {
  readonly worker: types.Worker;
  readonly webRtcServer: types.WebRtcServer;
  /** The routers, one a room, that this worker runs. */
  readonly routers: Set<types.Router>;
  /** Routers that are being made. */
  opening: number;
  /** Consumers that this worker runs: what its work grows with. */
  consumers: number;
  /** Probes in a row that it has not answered. */
  misses: number;
}

/** A router, the worker that runs it, and the port for its transports. */
export type RoutedWorker = Pick<MediaWorker, 'worker' | 'webRtcServer'> & { readonly router: types.Router };

export interface WorkerPoolOptions {
  /** How many workers, each a process of one thread. */
  count: number;
  /** The local address on which media is received and sent; `::` is every one, of IPv4 too. */
  listenAddress: string;
  /** UDP and TCP port of the first worker, the next has the next; 0 takes free ones. */
  firstPort: number;
  log: Logger;
}

/**
 * Of a UDP socket, in bytes; the kernel gives as much of it as it lets anybody have. What comes while a busy machine has no
 * time for the worker waits there: what finds no room is lost.
 */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Time that a worker may take to start, in ms: a machine that is very busy takes seconds. */
const START_MS = 30_000;

/** Time that a worker has to end by itself when it is closed, in ms. */
const END_MS = 1_000;

/** Time before a worker that could not be replaced is tried again, in ms. */
const RETRY_MS = 1_000;

/**
 * The only place that starts mediasoup workers. Rooms are put on the worker that carries least; a worker that died
 * is replaced by a new one on the same port, and one that hangs is killed.
 *
 * @see https://mediasoup.org/documentation/v3/mediasoup/api/#Worker
 */
export class WorkerPool extends EventEmitter<{ replaced: [MediaWorker] }> {
  readonly #options: WorkerPoolOptions;
  readonly #workers: (MediaWorker | undefined)[];
  readonly #retries = new Set<NodeJS.Timeout>();
  readonly #probe: WorkerProbe<MediaWorker>;
  #deaths = 0;
  #hangs = 0;
  #closed = false;

  private constructor(options: WorkerPoolOptions) {
    super();
    this.#options = options;
    this.#workers = Array.from({ length: options.count }, () => undefined);
    this.#probe = new WorkerProbe(
      () => this.workers,
      (worker) => this.#killHung(worker),
    );
  }

  /**
   * Starts all workers.
   *
   * @throws {AppError} `unavailable` where a worker does not start or a port is in use; nothing stays running.
   */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      await Promise.all(pool.#workers.map((_, index) => pool.#startWorker(index)));
    } catch (error) {
      await pool.close();
      throw error;
    }
    pool.#probe.start();
    return pool;
  }

  /** The workers that run now. */
  get workers(): MediaWorker[] {
    return this.#workers.filter((worker) => worker !== undefined);
  }

  /** By number, from 0: the worker that has that port; undefined while one that died is not replaced yet. */
  get places(): readonly (MediaWorker | undefined)[] {
    return this.#workers;
  }

  /** How many workers have died. */
  get deaths(): number {
    return this.#deaths;
  }

  /** How many of them had to be killed, because they did not answer any more. */
  get hangs(): number {
    return this.#hangs;
  }

  /** True while every worker runs and answers. */
  get complete(): boolean {
    return this.#answering.length === this.#options.count;
  }

  get #answering(): MediaWorker[] {
    return this.workers.filter(({ misses }) => misses === 0);
  }

  /**
   * Makes a router on the worker that carries least, of those that answer: the fewest consumers, then the fewest routers.
   *
   * @throws {AppError} `unavailable` while no worker runs and answers.
   */
  async createRouter(): Promise<RoutedWorker> {
    const rooms = ({ routers, opening }: MediaWorker) => routers.size + opening;
    const [least] = this.#answering.toSorted((a, b) => a.consumers - b.consumers || rooms(a) - rooms(b));
    if (!least) throw new AppError('unavailable', 'No media worker is running now. Try again in a second.');
    least.opening += 1;
    const router = await answered(least.worker.createRouter({ mediaCodecs })).finally(
      () => (least.opening -= 1),
    );
    least.routers.add(router);
    router.observer.once('close', () => least.routers.delete(router));
    router.observer.on('newtransport', (transport) => {
      transport.observer.on('newconsumer', (consumer) => {
        least.consumers += 1;
        consumer.observer.once('close', () => (least.consumers -= 1));
      });
    });
    return { router, worker: least.worker, webRtcServer: least.webRtcServer };
  }

  /**
   * What the workers themselves say that they forward: the id of the producer by the id of each consumer. It does not
   * rest on any object of this process, which may lie about what was closed.
   *
   * @throws {AppError} `unavailable` where a worker does not answer.
   */
  async forwarded(): Promise<Map<string, string>> {
    const routers = this.workers.flatMap((worker) => [...worker.routers]);
    const dumps = await Promise.all(routers.map((router) => answered(router.dump())));
    return new Map(
      dumps.flatMap(({ mapConsumerIdProducerId }) =>
        mapConsumerIdProducerId.map(({ key, value }): [string, string] => [key, value]),
      ),
    );
  }

  /** Ends every worker, and resolves when their processes are gone. Doing it again does nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#probe.stop();
    for (const retry of this.#retries) clearTimeout(retry);
    const { workers } = this;
    this.#workers.fill(undefined);
    await Promise.all(workers.map(({ worker }) => end(worker)));
  }

  #killHung({ worker }: MediaWorker): void {
    this.#hangs += 1;
    this.#options.log.error({ workerPid: worker.pid }, 'media worker does not answer any more: it is killed');
    kill(worker);
  }

  async #startWorker(index: number): Promise<MediaWorker> {
    const { log } = this.#options;
    const worker = await answered(createWorkerWithoutSignals(), START_MS);
    try {
      const entry: MediaWorker = {
        worker,
        webRtcServer: await answered(worker.createWebRtcServer({ listenInfos: this.#listenInfos(index) })),
        routers: new Set(),
        opening: 0,
        consumers: 0,
        misses: 0,
      };
      if (this.#closed) throw new AppError('unavailable', 'The server is stopping.');
      this.#workers[index] = entry;
      worker.once('died', (error) => {
        log.error(
          { err: error, workerPid: worker.pid },
          'media worker died: its rooms are closed, a new one starts',
        );
        this.#workers[index] = undefined;
        this.#deaths += 1;
        this.#replace(index);
      });
      log.debug({ workerPid: worker.pid, port: this.#port(index) }, 'media worker started');
      return entry;
    } catch (error) {
      void end(worker);
      if (error instanceof AppError) throw error;
      throw new AppError(
        'unavailable',
        `Media worker ${index + 1} cannot listen on ${this.#options.listenAddress}, port ${this.#port(index)} ` +
          `(UDP and TCP): ${error instanceof Error ? error.message : String(error)}. ` +
          'Set RTC_PORTS to as many free ports as there are workers, or HOST to an address of this machine.',
      );
    }
  }

  #replace(index: number): void {
    if (this.#closed) return;
    this.#startWorker(index).then(
      (worker) => {
        this.#options.log.info({ workerPid: worker.worker.pid }, 'media worker replaced');
        this.emit('replaced', worker);
      },
      (error: unknown) => {
        if (this.#closed) return;
        this.#options.log.error({ err: error }, 'media worker could not be replaced, trying again');
        const retry = setTimeout(() => {
          this.#retries.delete(retry);
          this.#replace(index);
        }, RETRY_MS);
        this.#retries.add(retry);
      },
    );
  }

  #port(index: number): number {
    const { firstPort } = this.#options;
    return firstPort === 0 ? 0 : firstPort + index;
  }

  #listenInfos(index: number): types.TransportListenInfo[] {
    const { listenAddress } = this.#options;
    // A socket of its own for each family: browsers are to see IPv4 addresses as such, not mapped into IPv6.
    const addresses = listenAddress === '::' ? ['0.0.0.0', '::'] : [listenAddress];
    return addresses.flatMap((ip) =>
      (['udp', 'tcp'] as const).map((protocol) => ({
        protocol,
        ip,
        port: this.#port(index),
        flags: { ipv6Only: ip === '::' },
        // TCP finds its own.
        ...(protocol === 'udp' && { recvBufferSize: RECEIVE_BUFFER_BYTES }),
      })),
    );
  }
}

/** Closes a worker. One that hangs does not hear of it, nor of any signal but SIGKILL. */
async function end(worker: types.Worker): Promise<void> {
  const gone = worker.subprocessClosed ? Promise.resolve() : once(worker, 'subprocessclose');
  worker.close();
  const killer = setTimeout(() => kill(worker), END_MS);
  await gone;
  clearTimeout(killer);
}

function kill({ pid, subprocessClosed }: types.Worker): void {
  if (!subprocessClosed) process.kill(pid, 'SIGKILL');
}

/** mediasoup closes its workers by signal handlers of its own; when a server stops, its own order must hold. */
async function createWorkerWithoutSignals(): Promise<types.Worker> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = new Map(signals.map((signal) => [signal, new Set(process.rawListeners(signal))]));
  const starting = mediasoup.createWorker({ logLevel: 'warn' });
  for (const signal of signals) {
    for (const listener of process.rawListeners(signal)) {
      if (!before.get(signal)?.has(listener)) process.off(signal, listener as NodeJS.SignalsListener);
    }
  }
  return starting;
}
