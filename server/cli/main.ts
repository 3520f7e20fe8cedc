import { ConfigError } from '../config.ts';
import { CommandError } from './error.ts';
import * as migrate from './migrate.ts';
import * as rollback from './rollback.ts';
import * as seed from './seed.ts';
import * as token from './token.ts';

interface Command {
  /** What it does, as the end of a sentence. */
  summary: string;
  /** @throws {CommandError} where it cannot be done, saying why. */
  run(args: string[]): Promise<void>;
}

const commands = new Map<string, Command>(Object.entries({ token, migrate, rollback, seed }));

function usage(): string {
  const lines = [...commands].map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return ['trivium <command>', '', ...lines, ''].join('\n');
}

/** @returns the exit code. */
async function run([name = '', ...args]: string[]): Promise<number> {
  const command = commands.get(name);
  if (!command) {
    const asked = ['', 'help', '--help', '-h'].includes(name);
    if (asked) process.stdout.write(usage());
    else process.stderr.write(`There is no command ${name}.\n\n${usage()}`);
    return asked ? 0 : 2;
  }
  try {
    await command.run(args);
    return 0;
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

process.exitCode = await run(process.argv.slice(2));
