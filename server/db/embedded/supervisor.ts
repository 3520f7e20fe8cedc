import type { BaseLogger } from 'pino';
import type { WatchedProcess } from './watched-process.ts';

/** Waits before a PostgreSQL that has ended is started again, in ms; the last one is repeated. */
const RESTART_MS = [250, 1_000, 2_000, 5_000, 15_000, 30_000];

/** A PostgreSQL that ran for so long, in ms, had started well: the waits begin from the first one again. */
const SETTLED_MS = 60_000;

/** After this, in ms, connections are cut without a checkpoint; the next start then replays the write-ahead log. */
const FAST_SHUTDOWN_MS = 1_500;

export interface SupervisorOptions {
  /** Starts it again. @throws {Error} that says why it does not start. */
  restart: () => Promise<WatchedProcess>;
  log: Pick<BaseLogger, 'info' | 'error'>;
}

/** Starts PostgreSQL again when it ends by itself: a call goes on without it, but nothing is recorded meanwhile. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #postmaster: WatchedProcess | undefined;
  #wait: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #failures = 0;
  #stopping: Promise<void> | undefined;

  /** @param postmaster It has started. */
  constructor(postmaster: WatchedProcess, options: SupervisorOptions) {
    this.#options = options;
    this.#watch(postmaster);
  }

  /** Shuts it down. Resolves when its process is gone. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #watch(postmaster: WatchedProcess): void {
    this.#postmaster = postmaster;
    const startedAt = performance.now();
    void postmaster.exited.then((exit) => {
      this.#postmaster = undefined;
      if (this.#stopping) return;
      if (performance.now() - startedAt > SETTLED_MS) this.#failures = 0;
      this.#options.log.error(exit, 'the embedded PostgreSQL has ended: it is started again');
      this.#startLater();
    });
  }

  #startLater(): void {
    const wait = RESTART_MS[Math.min(this.#failures, RESTART_MS.length - 1)] ?? 0;
    this.#failures += 1;
    const begin = () => void (this.#starting = this.#start());
    this.#wait = setTimeout(begin, wait * (0.75 + Math.random() / 2));
  }

  async #start(): Promise<void> {
    try {
      const postmaster = await this.#options.restart();
      this.#options.log.info({ pid: postmaster.pid }, 'database started again');
      this.#watch(postmaster);
    } catch (error) {
      if (this.#stopping) return;
      this.#options.log.error({ err: error }, whyItStaysDown(error));
      this.#startLater();
    }
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#wait);
    await this.#starting;
    const postmaster = this.#postmaster;
    if (!postmaster) return;
    postmaster.end();
    const timer = setTimeout(() => postmaster.kill('SIGQUIT'), FAST_SHUTDOWN_MS);
    await postmaster.exited;
    clearTimeout(timer);
  }
}

function whyItStaysDown(error: unknown): string {
  const isFull = error instanceof Error && /No space left on device/.test(error.message);
  return isFull
    ? 'the disk of the embedded PostgreSQL is full: free some space on it; until then nothing is recorded, and no new video is forwarded'
    : 'the embedded PostgreSQL could not be started again, trying later';
}
