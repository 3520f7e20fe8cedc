import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { createPool } from '../../server/db/pool.ts';
import { inTransaction } from '../../server/db/transaction.ts';
import { stoppableDatabase } from '../support/postgres.ts';

const silent = pino({ level: 'silent' });

t.test('a pool', async (t) => {
  const database = await stoppableDatabase(t);
  const { pool, connectionString } = database;

  t.test('gives a statement up that takes too long', async (t) => {
    const hasty = createPool({ connectionString, log: silent, statementTimeoutMs: 500 });
    t.teardown(() => hasty.end());
    await t.rejects(hasty.query('SELECT pg_sleep(60)'), { message: /statement timeout/ });
    t.strictSame((await hasty.query('SELECT 1 AS n')).rows, [{ n: 1 }], 'and goes on');
  });

  t.test('logs that an idle connection broke, and makes another', async (t) => {
    const lines = new PassThrough();
    const other = createPool({ connectionString, log: pino(lines) });
    t.teardown(() => other.end());
    const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const logged = once(lines, 'data');
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    const line = (await logged).join();
    t.match(line, /"level":40.*"reason":"terminating connection.*an idle database connection broke/);
    t.ok(line.length < 300, 'without the connection and its parameters');
    t.strictSame((await other.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
  });

  t.test('is what a transaction runs in: all or nothing', async (t) => {
    await pool.query('CREATE TABLE numbers (n int)');
    await inTransaction(pool, (client) => client.query('INSERT INTO numbers VALUES (1)'));
    const failing = inTransaction(pool, async (client) => {
      await client.query('INSERT INTO numbers VALUES (2)');
      throw new Error('no');
    });
    await t.rejects(failing, { message: 'no' });
    t.strictSame((await pool.query('SELECT n FROM numbers')).rows, [{ n: 1 }]);
  });

  t.test('survives a transaction whose connection breaks', async (t) => {
    const broken = inTransaction(pool, (client) =>
      client.query('SELECT pg_terminate_backend(pg_backend_pid())'),
    );
    await t.rejects(broken, { message: /terminat/ });
    t.strictSame((await pool.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
  });
});
