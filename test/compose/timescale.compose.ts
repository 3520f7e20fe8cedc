import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { migrate } from '../../server/db/migrate.ts';
import { createPool } from '../../server/db/pool.ts';
import { keepPartitions } from '../../server/db/quality/partitions.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { projectRoot } from '../../server/root.ts';
import { ComposeProject, serviceOf } from '../support/compose.ts';
import { execute, inDatabase } from '../support/postgres.ts';
import { countIn, mistakesIn, sampleOf } from '../support/samples.ts';

const DAY = 86_400_000;

t.test('compose.timescale.yml: the same on TimescaleDB', async (t) => {
  const project = await ComposeProject.create(t, { files: ['docker-compose.yml', 'compose.timescale.yml'] });
  await project.up();
  const postgres = (await project.containers()).find((container) => serviceOf(container) === 'postgres');
  const [network] = Object.values(postgres?.NetworkSettings.Networks ?? {});
  const password = await project.setting('POSTGRES_PASSWORD');
  const url = `postgresql://trivium:${password}@${network?.IPAddress}:5432/trivium`;
  const log = pino({ level: 'silent' });

  await t.test('the server uses it', async (t) => {
    const pool = createPool({ connectionString: url, log });
    t.teardown(() => pool.end());
    const { rows: hypertables } = await pool.query(
      'SELECT hypertable_name AS name FROM timescaledb_information.hypertables ORDER BY name',
    );
    t.same(hypertables, [
      { name: 'quality_samples' },
      { name: 'room_rollups' },
      { name: 'transport_rollups' },
    ]);
    t.same((await pool.query('SELECT count(*)::int AS n FROM nodes')).rows, [{ n: 1 }]);
  });

  await t.test('what is too old goes, by chunks', async (t) => {
    await execute(url, 'CREATE DATABASE kept');
    const connectionString = inDatabase(url, 'kept');
    await execute(connectionString, 'CREATE EXTENSION IF NOT EXISTS timescaledb');
    await migrate({ connectionString, log });
    const pool = createPool({ connectionString, log });
    t.teardown(() => pool.end());
    const of = (daysAgo: number) => sampleOf({ endedAt: Date.now() - daysAgo * DAY });
    const [ancient, old, recent] = [of(500), of(35), of(1)];
    await createStatsSink(pool, { sampleDays: 1_000 }).write([ancient, old, recent]);
    const { dropped, made } = await keepPartitions(pool, { sampleDays: 30, rollupDays: 396 });
    t.same(
      [dropped.length, made],
      [4, []],
      'a chunk of each table for the oldest, one of samples for the other',
    );
    t.same(await Promise.all([ancient, old, recent].map((one) => countIn(pool, [one]))), [0, 0, 1]);
    t.not((await mistakesIn(pool, [ancient])).length, 0, 'its rollups are gone');
    t.same(await mistakesIn(pool, [old, recent]), [], 'those are kept for longer');
  });

  await t.test('the tests of statistics pass on it', async (t) => {
    const ofHttp = await readdir(join(projectRoot, 'test/http'));
    const files = ['test/db/quality-sink.test.ts', ...ofHttp.map((name) => `test/http/${name}`)].filter(
      (name) => /quality|stats/.test(name) && name.endsWith('.test.ts'),
    );
    const child = spawn(process.execPath, [join(projectRoot, 'dist/tests/test/support/run.js'), ...files], {
      cwd: projectRoot,
      env: { ...process.env, TEST_DATABASE_URL: url, TEST_DATABASE_EXTENSION: 'timescaledb' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    t.equal(code, 0, `${files.length} files`);
    if (code !== 0) t.comment(Buffer.concat(output).toString());
  });
});
