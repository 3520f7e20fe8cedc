import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import t from '../support/tap.ts';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { projectRoot } from '../../server/root.ts';
import { settings } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';
import { sampleOf } from '../support/samples.ts';

const DAY = 86_400_000;

function trivium(args: string[], own: Record<string, string>) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      ['--enable-source-maps', join(projectRoot, 'dist/server/cli/main.js'), ...args],
      { env: { ...process.env, ...own } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

t.test('retention says what would go, and then deletes it', async (t) => {
  const { pool, connectionString: DATABASE_URL } = await testDatabase(t);
  const node = { nodeId: 'main', incarnation: randomUUID() };
  await registerNode(pool, node);
  const journal = createCallJournal(pool, node);
  const began = new Date(Math.floor(Date.now() / 1000) * 1000 - 20 * DAY);
  const id = randomUUID();
  await journal.sessionStarted({ id, roomName: 'tea', startedAt: began, settings });
  for (const userId of ['ada', 'ben']) {
    const who = { id: randomUUID(), sessionId: id, userId, displayName: 'A', hidden: false, joinedAt: began };
    await journal.participantJoined(who);
    await journal.participantLeft({ id: who.id, leftAt: began, reason: 'left' });
  }
  await journal.sessionEnded({ id, endedAt: began });
  await createStatsSink(pool).write([sampleOf({ endedAt: began.getTime() })]);
  const day = began.toISOString().slice(0, 10).replaceAll('-', '_');
  const own = { DATABASE_URL, RECORDS_DAYS: '19', STATS_SAMPLE_DAYS: '18' };
  const count = async () => (await pool.query('SELECT FROM participants')).rowCount;

  const dry = await trivium(['retention', '--dry-run'], own);
  t.match(dry, { code: 0, stderr: '' });
  t.match(dry.stdout, /^Would be deleted:\n/);
  t.match(
    dry.stdout,
    new RegExp(`^  participants +2 rows from before .*, the oldest of ${began.toISOString()}$`, 'm'),
  );
  t.match(dry.stdout, /^ {2}rooms +1 rows/m);
  t.match(dry.stdout, /^ {2}streams +0 rows from before [^,]*$/m);
  t.match(dry.stdout, new RegExp(`^  quality_samples +1 partitions: quality_samples_${day}$`, 'm'));
  t.match(dry.stdout, /\nNothing was deleted\.\n$/);
  t.equal(await count(), 2);
  t.match(
    await trivium(['retention', '--dry-run'], { DATABASE_URL }),
    { stdout: /^ {2}participants +0 rows/m },
    'by default',
  );

  const done = await trivium(['retention'], own);
  t.match(done, { code: 0, stderr: '' });
  t.match(
    done.stdout,
    /^Deleted:\n[^]*^ {2}participants +2 rows$[^]*^\d+ batches, the slowest of which took \d+ ms\.\n$/m,
  );
  t.match(done.stdout, new RegExp(`^  quality_samples +1 partitions: quality_samples_${day}$`, 'm'));
  t.equal(await count(), 0);
  t.match((await trivium(['retention'], own)).stdout, /^ {2}participants +0 rows$/m);
});

t.test('what it does not know it refuses', async (t) => {
  for (const args of [['--dryrun'], ['--dry-run', 'now'], ['participants']]) {
    t.match(await trivium(['retention', ...args], {}), {
      code: 1,
      stderr: /^trivium retention \[--dry-run\] takes nothing else/,
    });
  }
  t.match(await trivium(['retention'], { RECORDS_DAYS: '0' }), {
    code: 1,
    stderr: /^RECORDS_DAYS="0" must be/,
  });
});
