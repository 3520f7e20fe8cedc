import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { pino } from 'pino';
import t from '../../support/tap.ts';
import { startEmbeddedPostgres } from '../../../server/db/embedded/start.ts';
import { empty, fill, smallDisk } from '../../support/small-disk.ts';

t.test('a full disk is said in a sentence, and the database is back once there is space', async (t) => {
  const disk = await smallDisk(t, 200);
  const lines = new PassThrough();
  const told = createInterface(lines)[Symbol.asyncIterator]();
  const next = async (message: RegExp): Promise<void> => {
    for (;;) {
      const { value: line } = (await told.next()) as { value: string };
      if (message.test(line)) return;
    }
  };
  const log = pino({ level: 'info' }, lines);
  const postgres = await startEmbeddedPostgres({ dataDir: join(disk, 'trivium'), log, durable: true });
  t.teardown(() => postgres.stop());
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: postgres.connectionString });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  await query('CREATE TABLE kept (n int, filler text)');
  await query(`INSERT INTO kept VALUES (7, '')`);

  // Not enough for another segment of the write-ahead log (16 MB) once the table has grown by one.
  await fill(disk, 24);
  await t.rejects(
    query(`INSERT INTO kept SELECT 0, repeat(md5(n::text), 30) FROM generate_series(1, 100000) n`),
    'there is no room for it',
  );
  await next(/the disk of the embedded PostgreSQL is full: free some space/);
  await empty(disk);
  await next(/database started again/);
  t.strictSame(await query('SELECT n FROM kept'), [{ n: 7 }]);
});
