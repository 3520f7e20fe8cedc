import { migrate } from '../db/migrate.ts';
import { connectLockSession, DatabaseInUseError, endSession, lockOutServers } from '../db/server-locks.ts';
import { withDatabase } from './database.ts';
import { CommandError } from './error.ts';

/** How long a server that stops is waited for, in ms. */
const WAIT_MS = 1_000;

/** @throws {CommandError} where a server is running, which needs the schema as it is. */
export async function run(args: string[]): Promise<void> {
  await withDatabase(args, async ({ config, connectionString, log }) => {
    const connectTimeoutMs = config.DATABASE_CONNECT_TIMEOUT_MS;
    const session = await connectLockSession({ connectionString, connectTimeoutMs }, WAIT_MS);
    try {
      await lockOutServers(session, 'It needs the schema as it is: stop it first. Nothing was taken back.');
      const [name] = await migrate({ connectionString, log, direction: 'down' });
      process.stdout.write(
        name === undefined ? 'There is no migration to take back.\n' : `Taken back: ${name}.\n`,
      );
    } catch (error) {
      if (error instanceof DatabaseInUseError) throw new CommandError(error.message);
      throw error;
    } finally {
      await endSession(session);
    }
  });
}
