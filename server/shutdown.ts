import type { Logger } from 'pino';

/** Time after which a shutdown that hangs is given up, in ms. */
const DEADLINE_MS = 4_500;

/** A part that has to be closed, and its name for the log. */
interface Step {
  name: string;
  close: () => unknown;
}

/**
 * What was started, to be closed in the opposite order: on SIGTERM and SIGINT, or when the start fails half way.
 * Further signals end only the waiting for calls: Ctrl-C under npm comes twice, from the terminal and from npm.
 */
export class Shutdown {
  readonly #log: Logger;
  readonly #steps: Step[] = [];
  #running: Promise<boolean> | undefined;
  #letEnd: ((cut: AbortSignal) => Promise<void>) | undefined;
  #cut: AbortController | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Notes a part that runs from now on. */
  add(name: string, close: Step['close']): void {
    this.#steps.push({ name, close });
  }

  /** Names what may end by itself after SIGTERM before anything is closed, until another signal cuts it short. */
  letEnd(wait: (cut: AbortSignal) => Promise<void>): void {
    this.#letEnd = wait;
  }

  /** Closes everything on SIGTERM or SIGINT and ends the process: exit code 0, or 1 where a part did not close. */
  onSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.#running) return;
        if (this.#cut) {
          this.#cut.abort();
          return;
        }
        this.#log.info({ signal }, 'stopping');
        void this.#stop(signal).then((clean) => process.exit(clean ? 0 : 1));
      });
    }
  }

  /**
   * Logs a fault that nothing has caught, closes everything and ends the process with exit code 1: what state it has left
   * behind is not known.
   */
  onFaults(): void {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (fault: unknown) => {
        const err = fault instanceof Error ? fault : new Error(String(fault));
        this.#log.fatal({ err, event }, 'a fault that nothing has caught: the server stops');
        void this.close().then(() => process.exit(1));
      });
    }
  }

  /** @returns whether every part closed in time and without an error. */
  close(): Promise<boolean> {
    this.#running ??= this.#closeAll();
    return this.#running;
  }

  async #stop(signal: NodeJS.Signals): Promise<boolean> {
    if (signal === 'SIGTERM' && this.#letEnd) {
      this.#cut = new AbortController();
      await this.#letEnd(this.#cut.signal).catch((error: unknown) => {
        this.#log.error({ err: error }, 'calls could not be let end');
      });
    }
    return this.close();
  }

  async #closeAll(): Promise<boolean> {
    const deadline = setTimeout(() => {
      this.#log.error(`did not stop within ${DEADLINE_MS} ms`);
      process.exit(1);
    }, DEADLINE_MS);
    let clean = true;
    // Parts that start while others close already are closed as well.
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      const { name, close } = step;
      try {
        await close();
      } catch (error) {
        clean = false;
        this.#log.error({ err: error, part: name }, 'a part did not stop as it should');
      }
    }
    clearTimeout(deadline);
    return clean;
  }
}
