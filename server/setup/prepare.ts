import { constants } from 'node:os';
import { SetupError } from './error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

class Stopped extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Runs what a fresh machine needs. SIGINT, SIGTERM and SIGHUP abort the signal given to `steps`, and the process exits
 * (128 + the signal's number) once those have cleaned up; a SetupError is printed as its message, exit code 1. The
 * signal handlers are gone when this returns.
 * @throws whatever else `steps` throws.
 */
export async function prepare(steps: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals): void => controller.abort(new Stopped(signal));
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    await steps(controller.signal);
    controller.signal.throwIfAborted();
  } catch (error) {
    if (error instanceof Stopped) process.exit(128 + constants.signals[error.signal]);
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
