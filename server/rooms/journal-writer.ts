import type { Logger } from 'pino';

/** Time until what could not be written is tried again, in ms; it doubles up to the longest. */
const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;
/** So many entries wait at most; beyond that the oldest is given up, which the next start of the server mends. */
const MAX_WAITING = 10_000;
/** What has failed so often is given up too. */
const MAX_TRIES = 50;

interface Entry {
  /** For the log. */
  what: string;
  write: () => Promise<void>;
  tries: number;
}

/** Writes what nobody waits for into the journal; what fails is repeated, one entry after another: that changes nothing. */
export class JournalWriter {
  readonly #log: Logger;
  /** First tries that are under way. */
  readonly #trying = new Set<Promise<void>>();
  #waiting: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #pause = RETRY_MS;
  #ended = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param what For the log, should it fail. */
  write(what: string, write: () => Promise<void>): void {
    const tried = this.#try({ what, write, tries: 0 }).then(() => void this.#trying.delete(tried));
    this.#trying.add(tried);
  }

  /** Resolves when everything is written, or has been tried, which is logged. */
  async tried(): Promise<void> {
    await Promise.all(this.#trying);
  }

  /** Resolves when everything has been tried. What is not written by then is closed at the next start. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.tried();
  }

  /** @returns whether it is written. */
  async #try(entry: Entry): Promise<boolean> {
    try {
      await entry.write();
      return true;
    } catch (error) {
      entry.tries += 1;
      if (entry.tries === 1) this.#log.error({ err: error }, `${entry.what} could not be recorded yet`);
      this.#keep(entry);
      return false;
    }
  }

  #keep(entry: Entry): void {
    this.#waiting.push(entry);
    const givenUp = entry.tries >= MAX_TRIES ? this.#waiting.pop() : undefined;
    const dropped = this.#waiting.length > MAX_WAITING ? this.#waiting.shift() : givenUp;
    if (dropped) this.#log.error({ tries: dropped.tries }, `${dropped.what} is not recorded: given up`);
    if (!this.#ended) this.#timer ??= setTimeout(() => void this.#tryAgain(), this.#pause);
  }

  /** Stops at the first one that fails, which goes to the end: it may be the only one that cannot be written. */
  async #tryAgain(): Promise<void> {
    const round = this.#waiting.splice(0);
    let entry = round.shift();
    while (entry && (await this.#try(entry))) entry = round.shift();
    this.#waiting.unshift(...round);
    this.#timer = undefined;
    this.#pause = entry ? Math.min(2 * this.#pause, LONGEST_RETRY_MS) : RETRY_MS;
    if (this.#waiting.length > 0 && !this.#ended) {
      this.#timer = setTimeout(() => void this.#tryAgain(), this.#pause);
    }
  }
}
