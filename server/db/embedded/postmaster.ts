import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { EmbeddedPostgresError, hasCode } from './error.ts';
import { readIfThere } from './read-if-there.ts';
import { spawnWatched, type WatchedProcess } from './watched-process.ts';

const pollMs = 10;
/** Recovery after a crash can take a while; pg_ctl waits as long. */
const startTimeoutMs = 60_000;
/** The shutdown of a server whose Node was killed: it ends in a checkpoint. */
const orphanTimeoutMs = 15_000;

/**
 * Starts the server on a socket in this folder, and resolves when it takes connections. It refuses to start while
 * processes of a former one, whose main process was killed, have not ended yet.
 *
 * @throws {EmbeddedPostgresError} with the end of its log, where it ends or is not ready after a minute.
 */
export async function startPostmaster(cluster: Cluster, socketFolder: string): Promise<WatchedProcess> {
  const { path, account, binaries, output, durable, log } = cluster;
  const settings = {
    listen_addresses: '',
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const postmaster = await spawnWatched({
    command: join(binaries.bin, 'postgres'),
    args: ['-D', path, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    account,
    output: output.fd,
    signalOnNodeDeath: 'SIGINT',
    log,
  });
  const failure = await untilReady(postmaster, path);
  if (failure === undefined) return postmaster;
  postmaster.kill('SIGQUIT');
  await postmaster.exited;
  throw new EmbeddedPostgresError(
    `PostgreSQL in ${path} ${failure}. To do without it, set DATABASE_URL. It said:\n${await output.tail()}`,
  );
}

/** Resolves with undefined when the server is ready, else with what went wrong. */
async function untilReady(postmaster: WatchedProcess, path: string): Promise<string | undefined> {
  const ended = postmaster.exited.then(
    ({ code, signal }) => `ended (${signal ?? `exit code ${code ?? ''}`})`,
  );
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    const status = await readPidFile(path);
    if (status?.pid === postmaster.pid && status.state === 'ready') return undefined;
    const failure = await Promise.race([ended, sleep(pollMs)]);
    if (failure !== undefined) return failure;
  }
  return `was not ready after ${startTimeoutMs / 1000} s`;
}

/**
 * Ends a server whose Node is gone, if its watchdog has not yet. Then removes the pid file: PostgreSQL would refuse to
 * start where another program of the same user has that process id by now.
 */
export async function endOrphan(path: string): Promise<void> {
  const pid = (await readPidFile(path))?.pid;
  if (pid === undefined) return;
  if (await isPostmasterOf(path, pid)) interrupt(pid);
  const deadline = performance.now() + orphanTimeoutMs;
  while (await isPostmasterOf(path, pid)) {
    if (performance.now() > deadline) {
      throw new EmbeddedPostgresError(
        `A PostgreSQL (process ${pid}), left in ${path} by a server that is gone, has not stopped for ` +
          `${orphanTimeoutMs / 1000} s. Stop it with \`kill -QUIT ${pid}\` and start again.`,
      );
    }
    await sleep(pollMs);
  }
  await rm(join(path, 'postmaster.pid'), { force: true });
}

/** Whether a server runs in this folder and takes connections. */
export async function isServing(path: string): Promise<boolean> {
  const status = await readPidFile(path);
  return status?.state === 'ready' && (await isPostmasterOf(path, status.pid));
}

async function isPostmasterOf(path: string, pid: number): Promise<boolean> {
  const command = await readIfThere(`/proc/${pid}/cmdline`);
  return command?.split('\0').includes(path) ?? false;
}

function interrupt(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

async function readPidFile(path: string): Promise<{ pid: number; state: string | undefined } | undefined> {
  const lines = (await readIfThere(join(path, 'postmaster.pid')))?.split('\n');
  return lines && { pid: Number.parseInt(lines[0] ?? '', 10), state: lines[7]?.trim() };
}
