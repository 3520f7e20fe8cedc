import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BaseLogger } from 'pino';
import type { Account } from './account.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WatchedProcess {
  readonly pid: number;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<Exit>;
  /** Has the watchdog end it as if Node were gone; this process needs no right to send it signals. */
  end(): void;
  kill(signal: NodeJS.Signals): void;
}

export interface WatchedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly account: Account;
  /** An open file that takes the process's output. */
  readonly output: number;
  /** What ends the process and its group when Node is gone, however Node ended. */
  readonly signalOnNodeDeath: 'SIGINT' | 'SIGKILL';
  readonly log: Pick<BaseLogger, 'warn'>;
}

/**
 * $1 is a signal, the rest a command, which takes this shell's place and so its process id. A watchdog, which is not the
 * command's child, waits on a pipe from Node: a line means stand down, its end that Node is gone.
 */
const script = `
exec 3<&0 </dev/null
signal=$1; shift
( { read -r _ <&3 || kill -s "$signal" -- "-$$"; } >/dev/null 2>&1 & )
exec "$@" 3<&-
`;

/**
 * Starts a process in its own session, so that a Ctrl-C in the terminal does not reach it, with a watchdog that ends it
 * when Node is gone, be it by `kill -9`.
 *
 * @throws {Error} of `node:child_process` where it cannot be started.
 */
export async function spawnWatched(watched: WatchedCommand): Promise<WatchedProcess> {
  const { command, args, account, output, signalOnNodeDeath, log } = watched;
  const signal = signalOnNodeDeath.slice('SIG'.length);
  const child = spawn('/bin/sh', ['-c', script, 'sh', signal, command, ...args], {
    ...account,
    cwd: '/',
    detached: true,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['pipe', output, output],
  });
  child.stdin?.on('error', (error) => log.warn({ err: error }, `the watchdog of ${command} was gone`));
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      if (!child.stdin?.writableEnded) child.stdin?.end('\n');
      resolve({ code, signal });
    });
  });
  await once(child, 'spawn');
  child.on('error', (error) => log.warn({ err: error }, `${command} could not be sent a signal`));
  if (child.pid === undefined) throw new Error(`${command} has started without a process id.`);
  return {
    pid: child.pid,
    exited,
    end: () => void child.stdin?.end(),
    kill: (signal) => void child.kill(signal),
  };
}
