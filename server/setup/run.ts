import { spawn } from 'node:child_process';
import { hasCode } from './error.ts';

const KEPT_LINES = 40;
const KILL_AFTER_MS = 5_000;

export interface RunOptions {
  /** Aborting ends the command and everything that it started. */
  signal: AbortSignal;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
  /** Called with each line that the command prints, on either stream. */
  onLine?: (line: string) => void;
}

/** A command that could not be started, or ended otherwise than with 0. */
export class CommandError extends Error {
  override name = 'CommandError';
  /** The last lines that it printed. */
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/**
 * Runs a command to its end, without input, in a process group of its own, so that its children end with it.
 * @throws CommandError when it fails or takes longer than `timeoutMs`; the signal's reason when aborted.
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  options.signal.throwIfAborted();
  const stop = new AbortController();
  const abort = () => stop.abort();
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(abort, options.timeoutMs);
  options.signal.addEventListener('abort', abort, { once: true });
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    options.onLine?.(line);
  };

  const ending = await runInGroup(command, args, options, stop.signal, keep).finally(() => {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', abort);
  });
  options.signal.throwIfAborted();
  if (ending === 'exit code 0') return;
  const how = stop.signal.aborted ? `not done after ${options.timeoutMs ?? 0} ms` : ending;
  throw new CommandError(`${command} ${args.join(' ')}: ${how}`, lines.join('\n'));
}

async function runInGroup(
  command: string,
  args: readonly string[],
  { cwd, env }: RunOptions,
  stop: AbortSignal,
  onLine: (line: string) => void,
): Promise<string> {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  let hardKill: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (pid === undefined) return;
    killGroup(pid, 'SIGTERM');
    hardKill = setTimeout(() => killGroup(pid, 'SIGKILL'), KILL_AFTER_MS);
  };
  stop.addEventListener('abort', end, { once: true });
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, onLine);
  try {
    return await new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code ?? 'unknown'}`));
    });
  } finally {
    clearTimeout(hardKill);
    stop.removeEventListener('abort', end);
  }
}

function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
