import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './error.ts';
import { ownerOf } from './owner-file.ts';
import { isServing } from './postmaster.ts';
import { connectionStringOf, findSocketFolder } from './socket-folder.ts';

const pollMs = 20;
/** A server that starts on a new data folder makes a database first. */
const readyTimeoutMs = 30_000;

/**
 * Finds the PostgreSQL of the Trivium server that runs on a data folder, and waits for it while that starts.
 *
 * @returns its connection string; undefined where no server runs there.
 * @throws {EmbeddedPostgresError} where it takes no connections for half a minute.
 */
export async function runningPostgres(dataDir: string): Promise<string | undefined> {
  const folder = resolve(dataDir);
  const deadline = performance.now() + readyTimeoutMs;
  for (let owner = await ownerOf(folder); owner !== undefined; owner = await ownerOf(folder)) {
    if (await isServing(join(folder, 'postgres'))) return connectionStringOf(await findSocketFolder(folder));
    if (performance.now() > deadline) {
      throw new EmbeddedPostgresError(
        `The PostgreSQL in ${folder}, of the Trivium server that is process ${owner}, takes no connections. ` +
          'Stop that server and try again.',
      );
    }
    await sleep(pollMs);
  }
  return undefined;
}
