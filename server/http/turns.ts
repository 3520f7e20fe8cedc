import { AppError } from '../errors.ts';

/** What a question takes at most, roughly: then a place has come free. */
const RETRY_AFTER_MS = 2_000;

export interface TurnLimits {
  /** Of one key. */
  atOnce: number;
  /** Of one key: what comes beyond is refused. */
  waiting: number;
}

interface Line {
  working: number;
  /** In the order in which they came: each begins its work. */
  waiting: Set<() => void>;
}

/** Lets only so much be done at once for the same key; the rest waits for its turn, first in, first out. */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #lines = new Map<string, Line>();

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Of how many keys something is done now. */
  get keys(): number {
    return this.#lines.size;
  }

  /**
   * Does a work when it is its turn.
   *
   * @param gone Whoever waits for it has gone: it is not begun any more.
   * @throws {AppError} `rate_limited` where too much waits already, `unavailable` for who has gone.
   */
  async take<T>(key: string, gone: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (gone.aborted) throw hasGone();
    const line = this.#lines.get(key) ?? { working: 0, waiting: new Set() };
    this.#lines.set(key, line);
    if (line.working < this.#limits.atOnce) line.working += 1;
    else await this.#wait(line, gone);
    try {
      return await work();
    } finally {
      this.#pass(key, line);
    }
  }

  #wait({ waiting }: Line, gone: AbortSignal): Promise<void> {
    if (waiting.size >= this.#limits.waiting) {
      throw new AppError(
        'rate_limited',
        `${waiting.size} questions about statistics wait already from here. Wait ${RETRY_AFTER_MS / 1000} s, and ask for less at once.`,
        { retryAfterMs: RETRY_AFTER_MS },
      );
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting.delete(begin);
        reject(hasGone());
      };
      const begin = () => {
        gone.removeEventListener('abort', leave);
        resolve();
      };
      waiting.add(begin);
      gone.addEventListener('abort', leave, { once: true });
    });
  }

  /** To the next one, who works in place of this one. */
  #pass(key: string, line: Line): void {
    const [next] = line.waiting;
    if (next) {
      line.waiting.delete(next);
      next();
      return;
    }
    line.working -= 1;
    if (line.working === 0) this.#lines.delete(key);
  }
}

const hasGone = () => new AppError('unavailable', 'The connection ended before it was asked.');
