import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { projectRoot } from '../../server/root.ts';
import { noLimits } from './test-settings.ts';
import { filledDataDir } from './postgres.ts';

/** A server in a process of its own, as `npm start` runs it behind the set-up. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly dataDir: string;
  /** What it has printed so far, line by line. */
  readonly stdout: string[] = [];
  stderr = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #watchers = new Set<() => void>();

  private constructor(child: ChildProcess, dataDir: string) {
    this.child = child;
    this.dataDir = dataDir;
    if (!child.stdout || !child.stderr) throw new Error('the process has no output');
    createInterface(child.stdout).on('line', (line) => {
      this.stdout.push(line);
      this.#look();
    });
    child.stderr.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.exited = once(child, 'close').then(() => {
      this.#look();
      return { code: child.exitCode, signal: child.signalCode };
    });
  }

  /**
   * Compiled by `npm test` before; on free ports and with a data folder of its own, which has a database in it, unless `own`
   * settings say else.
   */
  static async spawn(t: Test, own: Record<string, string> = {}): Promise<ServerProcess> {
    const dataDir = own['TRIVIUM_DATA_DIR'] ?? (await filledDataDir(t));
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', join(projectRoot, 'dist/server/main.js')],
      {
        env: {
          ...process.env,
          ...noLimits,
          PORT: '0',
          RTC_PORTS: '0',
          TRIVIUM_DATA_DIR: dataDir,
          ...own,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const server = new ServerProcess(child, dataDir);
    t.teardown(async () => {
      child.kill('SIGKILL');
      await server.exited;
      await server.gone();
    });
    return server;
  }

  /** Waits until it says that it is ready. @returns the address of its pages. */
  async ready(): Promise<string> {
    // More may have been printed since, in one piece with it.
    const find = () => /open (http\S+) in a browser/.exec(this.stdout.join('\n'))?.[1];
    for (let url = find(); ; url = find()) {
      if (url) return url;
      if (this.child.exitCode !== null)
        throw new Error(`the server ended: ${this.stdout.join('\n')}${this.stderr}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Waits until no process that belonged to it runs any more, for 30 s at most. @returns those that do. */
  async gone(): Promise<string[]> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const left = await this.processes();
      if (left.length === 0 || Date.now() > deadline) return left;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The command lines of all running processes that belong to it: they know its data folder, or are its children. */
  async processes(): Promise<string[]> {
    return (await this.#belonging()).map(({ command }) => command);
  }

  /** The process ids of its media workers. */
  async workerPids(): Promise<number[]> {
    const all = await this.#belonging();
    return all.filter(({ command }) => command.includes('mediasoup-worker')).map(({ pid }) => pid);
  }

  async #belonging(): Promise<{ pid: number; command: string }[]> {
    const pids = (await readdir('/proc')).filter(
      (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
    );
    const found = await Promise.all(
      pids.map(async (pid) => {
        const [command = '', environment = ''] = await Promise.all(
          ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
        );
        const isOurs = command !== '' && `${command}${environment}`.includes(this.dataDir);
        return { pid: Number(pid), command: isOurs ? command.replaceAll('\0', ' ') : '' };
      }),
    );
    return found.filter(({ command }) => command !== '');
  }

  #look(): void {
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
  }
}
