import type { Pool } from 'pg';
import type { BaseLogger } from 'pino';
import { deleteOld } from './retention.ts';
import type { KeptDays } from './retention-rules.ts';

export interface RetentionTimerOptions {
  /** Connections that calls do not wait for. */
  readonly pool: Pool;
  readonly days: KeptDays;
  readonly log: Pick<BaseLogger, 'info' | 'warn'>;
  /** Ms until the next run. Default: an hour; a few minutes to the first one. */
  readonly wait?: (runs: number) => number;
}

/** In ms. The first run comes when a server that starts has nothing else to do. */
const [FIRST_MS, EVERY_MS] = [120_000, 3_600_000];

/** Not the same for servers that were started at once. */
const usualWait = (runs: number) => (runs === 0 ? FIRST_MS : EVERY_MS) * (1 + Math.random() / 10);

/** Deletes what is too old, again and again. Each run that deleted something logs one line. */
export class RetentionTimer {
  readonly #options: RetentionTimerOptions;
  readonly #stopped = new AbortController();
  #runs = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RetentionTimerOptions) {
    this.#options = options;
  }

  start(): void {
    const { wait = usualWait } = this.#options;
    this.#timer = setTimeout(() => {
      this.#running = this.#run().finally(() => {
        if (!this.#stopped.signal.aborted) this.start();
      });
    }, wait(this.#runs++));
  }

  /** Resolves when the batch that is under way has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { pool, days, log } = this.#options;
    try {
      const started = performance.now();
      const deleted = await deleteOld(pool, days, { now: Date.now(), signal: this.#stopped.signal });
      if (Object.keys(deleted.rows).length === 0) return;
      log.info(
        { ...deleted, ms: Math.round(performance.now() - started) },
        'records that are too old were deleted',
      );
    } catch (error) {
      log.warn({ err: error }, 'records that are too old were not deleted');
    }
  }
}
