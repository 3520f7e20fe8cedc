import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Parser } from 'tap-parser';

/** A compiled file that a lane is to run, with a time that it may take, in ms; or that there is no more. */
export type ToLane = { path: string; folder: string; timeout: number } | { end: true };
export type FromLane = { ready: true } | { done: string };

/** How a process ends that did all it was told, and in which nothing failed. */
export const GOOD_END = 'its process ended: exit code 0';

/** How much longer than a file a lane may take before it is killed, in ms: tap says first what hangs. */
const KILL_AFTER_MS = 20_000;
/** How long a lane may take to start or to end, in ms. */
const START_MS = 180_000;

/** A process of its own, and of its own group, that runs test files one after another. */
export class LaneProcess {
  readonly parser: Parser;
  readonly nice: boolean;
  readonly #child: ChildProcess;
  readonly #parsed: Promise<void>;
  readonly #exited: Promise<string>;
  #stderr = '';

  /** @param nice With the lowest priority: others have the machine first. */
  constructor(root: string, nice: boolean) {
    this.nice = nice;
    const node = [process.execPath, '--enable-source-maps', join(root, 'dist/tests/test/support/lane.js')];
    const [command = '', ...args] = nice ? ['nice', '-n', '19', ...node] : node;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    this.parser = new Parser({ preserveWhitespace: false });
    this.#parsed = new Promise((resolve) => this.parser.on('complete', () => resolve()));
    this.#child.stdout?.pipe(this.parser);
    this.#child.stderr?.on('data', (text: Buffer) => (this.#stderr += text.toString()));
    this.#exited = once(this.#child, 'exit').then(
      ([code, signal]) => `its process ended: ${String(signal ?? `exit code ${code}`)}`,
    );
  }

  /** What was printed on standard error since this was last asked. */
  takeStderr(): string {
    const text = this.#stderr;
    this.#stderr = '';
    return text;
  }

  /** @throws Error where the process does not start. */
  async ready(): Promise<void> {
    const problem = await this.#answer(START_MS);
    if (problem !== undefined)
      throw new Error(`a process for tests did not start: ${problem}${this.#stderr}`);
  }

  /** Runs one file. @returns what went wrong beside the results: the process ended, or had to be killed. */
  async run(path: string, folder: string, timeout: number): Promise<string | undefined> {
    const answer = this.#answer(timeout + KILL_AFTER_MS);
    this.#send({ path, folder, timeout });
    return answer;
  }

  /** Ends it when all that it printed has been read. @returns how it ended. */
  async end(): Promise<string> {
    this.#send({ end: true });
    const killer = setTimeout(() => this.kill(), START_MS);
    const how = await this.#exited;
    await this.#parsed;
    clearTimeout(killer);
    return how;
  }

  /** Ends it and everything that it started. */
  kill(): void {
    if (this.#child.pid === undefined || this.#child.exitCode !== null) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }

  /** The next message that is not tap's own, which tells its parent of its timeouts. */
  async #message(signal: AbortSignal, timeout: number): Promise<string | undefined> {
    try {
      for (;;) {
        const [message] = (await once(this.#child, 'message', { signal })) as [object];
        if ('ready' in message || 'done' in message) return undefined;
      }
    } catch {
      return `it was not done after ${timeout} ms`;
    }
  }

  #send(message: ToLane): void {
    // A process that has ended is noticed by its end.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Waits for the next message. @returns undefined, or why there is none. */
  async #answer(timeout: number): Promise<string | undefined> {
    const waiting = new AbortController();
    const timer = setTimeout(() => {
      waiting.abort();
    }, timeout);
    try {
      const problem = await Promise.race([this.#message(waiting.signal, timeout), this.#exited]);
      if (problem !== undefined) this.kill();
      return problem;
    } finally {
      clearTimeout(timer);
    }
  }
}
