import { ConfigError } from '../config.ts';
import { CommandError } from './error.ts';

interface Command {
  /** What it does, as the end of a sentence. */
  summary: string;
  /** Loads its code on demand: loading all commands takes longer than running one. */
  load: () => Promise<{
    /** @throws {CommandError} where it cannot be done, saying why. */
    run: (args: string[]) => Promise<void>;
  }>;
}

const commands = new Map(
  Object.entries<Command>({
    token: {
      summary: 'prints an access token, signed with API_KEY and API_SECRET',
      load: () => import('./token.ts'),
    },
    migrate: { summary: 'brings the database’s schema up to date', load: () => import('./migrate.ts') },
    rollback: {
      summary: 'takes the last migration of the database’s schema back',
      load: () => import('./rollback.ts'),
    },
    retention: {
      summary: 'deletes what is older than the settings say; --dry-run: says what would go',
      load: () => import('./retention.ts'),
    },
    seed: {
      summary: 'gives users 1, 2, 3 and 5 the streams of the older service’s test data',
      load: () => import('./seed.ts'),
    },
  }),
);

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
    const { run } = await command.load();
    await run(args);
    return 0;
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

process.exitCode = await run(process.argv.slice(2));
