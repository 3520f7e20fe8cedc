import { pino } from 'pino';
import { readConfig, type Config } from '../config.ts';
import { defaultDataDir } from '../db/embedded/data-dir.ts';
import { EmbeddedPostgresError } from '../db/embedded/error.ts';
import { runningPostgres } from '../db/embedded/running.ts';
import { startEmbeddedPostgres } from '../db/embedded/start.ts';
import { CommandError } from './error.ts';

/** What a command works on. */
export interface Database {
  readonly config: Config;
  readonly connectionString: string;
  /** For warnings, on standard error. */
  readonly log: pino.Logger;
}

/**
 * Does something with the database that the server uses: the one of DATABASE_URL, else the embedded one, which is a running
 * server's own, or is started for as long as this takes.
 *
 * @param args What was given to the command, which takes nothing.
 * @throws {CommandError} where it cannot be reached, or what `work` does with it fails.
 */
export async function withDatabase(
  args: string[],
  work: (database: Database) => Promise<void>,
): Promise<void> {
  if (args.length > 0)
    throw new CommandError(`This command takes no arguments, and ${args.join(' ')} was given.`);
  const config = readConfig(process.env);
  const log = pino({ level: 'warn', base: {} }, pino.destination({ dest: 2, sync: true }));
  try {
    await reach(config, log, (connectionString) => work({ config, connectionString, log }));
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const why = cause instanceof Error && cause.message ? cause.message : String(cause);
    if (cause instanceof EmbeddedPostgresError) throw new CommandError(why, { cause });
    const which = config.DATABASE_URL === undefined ? 'embedded PostgreSQL' : 'PostgreSQL of DATABASE_URL';
    throw new CommandError(`The ${which} cannot be used so: ${why}`, { cause });
  }
}

async function reach(
  config: Config,
  log: pino.Logger,
  work: (connectionString: string) => Promise<void>,
): Promise<void> {
  if (config.DATABASE_URL !== undefined) return work(config.DATABASE_URL);
  const dataDir = config.TRIVIUM_DATA_DIR ?? defaultDataDir(process.env);
  const running = await runningPostgres(dataDir);
  if (running !== undefined) return work(running);
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  try {
    await work(postgres.connectionString);
  } finally {
    await postgres.stop();
  }
}
