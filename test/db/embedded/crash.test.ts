import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t, { type Test } from '../../support/tap.ts';
import { filledDataDir, temporaryFolder } from '../../support/postgres.ts';
import { areGone, postgresIn, processes, spawnOwner, until, type Owner } from '../fixtures/processes.ts';

async function startOwner(t: Test, dataDir: string) {
  const owner = spawnOwner(t, dataDir);
  const connectionString = await owner.nextLine();
  if (connectionString === undefined) throw new Error('The owner of the database ended before it was ready.');
  return { ...owner, connectionString };
}

async function connect(t: Test, connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', (error) => t.comment(`the connection broke: ${error.message}`));
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** A process of the database that has ended by itself meanwhile is as good as killed. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

t.test('kill -9 leaves nothing running, and the data is there at the next start', async (t) => {
  const dataDir = await filledDataDir(t);
  const first = await startOwner(t, dataDir);
  const busy = await connect(t, first.connectionString);
  await busy.query('CREATE TABLE kept AS SELECT 7 AS n');
  const sleeping = t.rejects(busy.query('SELECT pg_sleep(60)'), 'a statement that runs is cut');
  const running = postgresIn(dataDir);
  process.kill(first.pid, 'SIGKILL');
  const ms = await until('was every process gone', () => areGone(running));
  await Promise.all([sleeping, first.ended]);
  t.comment(`gone ${ms.toFixed()} ms after kill -9`);

  const second = await startOwner(t, dataDir);
  const client = await connect(t, second.connectionString);
  t.strictSame((await client.query('SELECT n FROM kept')).rows, [{ n: 7 }]);
});

t.test('a start right after kill -9 waits for the former server to be gone', async (t) => {
  const dataDir = await filledDataDir(t);
  const first = await startOwner(t, dataDir);
  const running = postgresIn(dataDir);
  const watchdog = running.find(({ parent, pid, session }) => pid !== session && parent !== session);
  const server = running.find(({ pid, session }) => pid === session);
  if (!watchdog || !server) throw new Error('No watchdog or no server.');
  process.kill(watchdog.pid, 'SIGKILL');
  await until('was the watchdog gone', () => areGone([watchdog]));
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  t.notOk(areGone([server]), 'without a watchdog the server is an orphan');

  const second = await startOwner(t, dataDir);
  t.ok(areGone([server]));
  const client = await connect(t, second.connectionString);
  t.strictSame((await client.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
});

t.test('kill -9 of Node and of every process of the database loses nothing', async (t) => {
  const dataDir = await filledDataDir(t);
  const first = await startOwner(t, dataDir);
  const client = await connect(t, first.connectionString);
  await client.query('CREATE TABLE kept AS SELECT 7 AS n');
  const running = postgresIn(dataDir);
  for (const { pid } of [...running, first]) killIfThere(pid);
  await until('was every process gone', () => areGone(running));
  await first.ended;
  const second = await startOwner(t, dataDir);
  const again = await connect(t, second.connectionString);
  t.strictSame((await again.query('SELECT n FROM kept')).rows, [{ n: 7 }]);
});

/** The folder in which initdb works, until its owner gives it its final name. */
const draftIn = (dataDir: string) => readdirSync(dataDir).find((name) => name.startsWith('postgres.initdb-'));

/** An owner that stands still since initdb has begun; one that was through before it stood is not the one. */
async function stoppedInInitdb(t: Test): Promise<{ dataDir: string; first: Owner }> {
  for (let trial = 0; trial < 20; trial += 1) {
    const dataDir = await temporaryFolder(t);
    const first = spawnOwner(t, dataDir);
    await until('did initdb begin', () =>
      ['postgres', draftIn(dataDir) ?? ''].some((name) => existsSync(join(dataDir, name, 'base'))),
    );
    process.kill(first.pid, 'SIGSTOP');
    await until('did it stand still', () => processes().find(({ pid }) => pid === first.pid)?.state === 'T');
    if (draftIn(dataDir) !== undefined) return { dataDir, first };
  }
  throw new Error('No owner could be stopped in its initdb.');
}

t.test('kill -9 in the middle of initdb leaves nothing half made', async (t) => {
  const { dataDir, first } = await stoppedInInitdb(t);
  const running = postgresIn(dataDir);
  process.kill(first.pid, 'SIGKILL');
  const ms = await until(
    'was every process gone',
    () => areGone(running) && postgresIn(dataDir).length === 0,
  );
  await first.ended;
  t.comment(`${running.length} processes gone ${ms.toFixed()} ms after kill -9`);
  t.notOk(readdirSync(dataDir).includes('postgres'), 'no database under the final name');

  const second = await startOwner(t, dataDir);
  t.equal(draftIn(dataDir), undefined, 'the half one is removed');
  const client = await connect(t, second.connectionString);
  t.strictSame((await client.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
});

t.test('Ctrl-C reaches the server’s process group, not the database', async (t) => {
  const dataDir = await filledDataDir(t);
  const owner = await startOwner(t, dataDir);
  const client = await connect(t, owner.connectionString);
  const running = postgresIn(dataDir);
  t.strictSame(
    running.filter(({ group, session }) => group === owner.pid || session === owner.pid),
    [],
    'no process of the database is in the group or the session',
  );
  process.kill(-owner.pid, 'SIGINT');
  t.equal(await owner.nextLine(), 'interrupted');
  t.strictSame((await client.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
  await client.end();
  process.kill(owner.pid, 'SIGTERM');
  await owner.ended;
  t.ok(areGone(running), 'its own stop then ends all');
  t.notOk(processes().some(({ command }) => command.includes(dataDir)));
});
