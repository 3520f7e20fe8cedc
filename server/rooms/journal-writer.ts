import type { Logger } from 'pino';

/** Time until an entry that could not be written is tried again, in ms. */
const RETRY_MS = 2_000;

/** Writes what nobody waits for into the journal, again and again until it is there: entries can be repeated. */
export class JournalWriter {
  readonly #log: Logger;
  readonly #trying = new Set<Promise<void>>();
  readonly #unwritten = new Map<() => Promise<void>, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param what For the log, should it fail. */
  write(what: string, entry: () => Promise<void>): void {
    const tried = entry()
      .then(
        () => this.#unwritten.delete(entry),
        (error: unknown) => {
          this.#log.error({ err: error }, `${what} could not be recorded yet`);
          this.#unwritten.set(entry, what);
          this.#timer ??= setTimeout(() => this.#tryAgain(), RETRY_MS);
        },
      )
      .then(() => void this.#trying.delete(tried));
    this.#trying.add(tried);
  }

  /** Resolves when everything is written, or has been tried, which is logged. */
  async tried(): Promise<void> {
    await Promise.all(this.#trying);
  }

  /** Tries for the last time what is not written yet. */
  async end(): Promise<void> {
    await this.tried();
    this.#tryAgain();
    await this.tried();
    clearTimeout(this.#timer);
  }

  #tryAgain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [entry, what] of this.#unwritten) this.write(what, entry);
  }
}
