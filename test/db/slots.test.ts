import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { allow, heldIds, poolForMany, testNode as nodeWithParticipant } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';
import { sampled } from '../support/sampled.ts';

const database = await testDatabase(t);
const pool = poolForMany(t, database.connectionString);

const testNode = (nodeId?: string) => nodeWithParticipant(pool, nodeId);
const held = (userId: string) => heldIds(pool, userId);

const endOf = async (id: string) =>
  (await pool.query('SELECT ended_at, end_reason FROM streams WHERE id = $1', [id])).rows[0] as unknown;

t.test('N starts at once on k free slots: exactly min(N, k) are granted', async (t) => {
  const { ledger, streamOf } = await testNode();
  for (const [n, taken] of [
    [50, 0],
    [50, 1],
    [50, 2],
    [50, 3],
    [2, 0],
    [1, 2],
    [7, 1],
  ] as const) {
    for (let trial = 0; trial < 10; trial += 1) {
      const user = randomUUID();
      for (let i = 0; i < taken; i += 1) await ledger.acquire(streamOf(user));
      const answers = await Promise.all(Array.from({ length: n }, () => ledger.acquire(streamOf(user))));
      const granted = answers.filter((answer) => answer.granted).length;
      if (granted !== Math.min(n, 3 - taken))
        t.fail(`${n} starts on ${3 - taken} free slots: ${granted} granted`);
      if ((await held(user)).length !== taken + granted) t.fail('the table says otherwise');
    }
    t.pass(`${n} on ${3 - taken}`);
  }
});

t.test('a slot that is given back is free at once; twice, or late, changes nothing', async (t) => {
  const { ledger, streamOf } = await testNode();
  const [first, second] = [streamOf('ben'), streamOf('ben')];
  await allow(ledger, 'ben', 1);
  await ledger.acquire(first);
  t.match(await ledger.acquire(second), { granted: false });
  await ledger.release(first, 'stopped');
  t.match(await ledger.acquire(second), { granted: true });
  await ledger.release(first, 'failed');
  t.same(await held('ben'), [second.id], 'the new holder keeps it');
  t.match(await endOf(first.id), { ended_at: Date, end_reason: 'stopped' }, 'and the first end is kept');
  t.match(await endOf(second.id), { ended_at: null, end_reason: null });
});

t.test('one user’s streams are nobody else’s', async (t) => {
  const { ledger, streamOf } = await testNode();
  const [hers, his] = [streamOf('cleo'), streamOf('dan')];
  await ledger.acquire(hers);
  await ledger.release({ ...his, id: hers.id }, 'stopped');
  t.equal(await ledger.replace(hers.id, his), false);
  t.same(await held('cleo'), [hers.id]);
});

t.test('a replacement moves the slot in one step, and only one gets it', async (t) => {
  const { ledger, streamOf } = await testNode();
  const streams = [streamOf('eve'), streamOf('eve'), streamOf('eve')] as const;
  for (const stream of streams) await ledger.acquire(stream);
  const rivals = Array.from({ length: 20 }, () => streamOf('eve'));
  let moved: boolean[] = [];
  const counts = await sampled(
    async () => (await held('eve')).length,
    async () => {
      moved = await Promise.all(rivals.map((rival) => ledger.replace(streams[0].id, rival)));
    },
  );
  t.same(counts, new Set([3]), 'three at every look');
  t.equal(moved.filter(Boolean).length, 1);
  t.match(await endOf(streams[0].id), { end_reason: 'replaced' });
  t.equal(await ledger.replace(streams[0].id, streamOf('eve')), false, 'what holds no slot has none to give');
});

t.test('giving back, replacing and sweeping at once never stand in each other’s way', async (t) => {
  const { ledger, streamOf } = await testNode();
  for (let trial = 0; trial < 100; trial += 1) {
    const user = randomUUID();
    const [former, next] = [streamOf(user), streamOf(user)];
    await ledger.acquire(former);
    await Promise.all([
      ledger.replace(former.id, next),
      ledger.release(former, 'stopped'),
      ledger.renew([former.id, next.id]),
      ledger.sweepOrphans([]),
      ledger.releaseAll([former, next].map((stream) => ({ ...stream, reason: 'failed' }))),
    ]);
    await ledger.release(next, 'stopped');
    if ((await held(user)).length > 0) t.fail('a slot is held');
  }
  t.pass('no deadlock');
});

t.test('a renewal keeps what runs and frees what nothing runs, but never what has just begun', async (t) => {
  const { ledger, streamOf } = await testNode();
  const [runs, orphan, fresh] = [streamOf('fay'), streamOf('fay'), streamOf('fay')];
  for (const stream of [runs, orphan, fresh]) await ledger.acquire(stream);
  const age = `UPDATE slots SET taken_at = now() - interval '1 minute', lease_until = now() WHERE stream_id = ANY($1)`;
  await pool.query(age, [[runs.id, orphan.id]]);
  const running = [runs.id, randomUUID()];
  t.same([...(await ledger.renew(running)).held], [runs.id]);
  t.equal(await ledger.sweepOrphans(running), 1);
  t.same(new Set(await held('fay')), new Set([runs.id, fresh.id]));
  t.match(await endOf(orphan.id), { end_reason: 'swept' });
  const { rows } = await pool.query('SELECT lease_until > now() AS alive FROM slots WHERE stream_id = $1', [
    runs.id,
  ]);
  t.same(rows, [{ alive: true }]);
});

t.test('any number of slots is given back and swept, each stream with its own reason', async (t) => {
  const { ledger, streamOf } = await testNode('many');
  const streams = Array.from({ length: 1_100 }, (_, n) => streamOf(`many-${n}`));
  await Promise.all(streams.map((stream) => ledger.acquire(stream)));
  const [back, left] = [streams.slice(0, 550), streams.slice(550)];
  const reasonOf = (n: number) => (n % 2 ? 'failed' : 'swept');
  await ledger.releaseAll(back.map((stream, n) => ({ ...stream, reason: reasonOf(n) })));
  t.equal((await ledger.count()).ownStreams.size, 550);
  t.match(await endOf(back[548]?.id ?? ''), { end_reason: 'swept' });
  t.match(await endOf(back[549]?.id ?? ''), { end_reason: 'failed' });
  await ledger.releaseAll(back.map((stream) => ({ ...stream, reason: 'stopped' })));
  t.match(await endOf(back[549]?.id ?? ''), { end_reason: 'failed' }, 'once more changes nothing');

  await pool.query(`UPDATE slots SET taken_at = now() - interval '1 minute' WHERE stream_id = ANY($1)`, [
    left.map(({ id }) => id),
  ]);
  t.equal(await ledger.sweepOrphans([left[0]?.id ?? '']), 549);
  t.same([...(await ledger.count()).ownStreams.keys()], [left[0]?.id]);
});

t.test('where nothing runs, what is free already is not freed again', async (t) => {
  const { ledger, streamOf } = await testNode('idle');
  const streams = Array.from({ length: 600 }, (_, n) => streamOf(`idle-${n}`));
  await Promise.all(streams.map((stream) => ledger.acquire(stream)));
  await pool.query(`UPDATE slots SET taken_at = now() - interval '1 minute' WHERE stream_id = ANY($1)`, [
    streams.map(({ id }) => id),
  ]);
  t.equal(await ledger.sweepOrphans([]), 600);
  t.equal(await ledger.sweepOrphans([]), 0);
});

t.test('a node that starts frees its former incarnation’s slots at once, and no other node’s', async (t) => {
  const crashed = await testNode('crashing');
  const other = await testNode('other');
  const [lost, kept] = [crashed.streamOf('gus'), other.streamOf('gus')];
  await crashed.ledger.acquire(lost);
  await other.ledger.acquire(kept);
  const again = { nodeId: 'crashing', incarnation: randomUUID() };
  t.match(await registerNode(pool, again), { streams: 1 });
  t.same(await held('gus'), [kept.id]);
  t.match(await endOf(lost.id), { ended_at: Date, end_reason: 'server_crashed' });
  t.match(await registerNode(pool, again), { streams: 0 }, 'once');
});

t.test('who watched what, when, is a query', async (t) => {
  const { ledger, streamOf } = await testNode();
  const stream = streamOf('hal');
  await ledger.acquire(stream);
  await ledger.release(stream, 'stopped');
  const { rows } = await pool.query(
    `SELECT r.name AS room, p.display_name AS watched, s.source, s.started_at <= s.ended_at AS in_order
     FROM streams s JOIN participants p ON p.id = s.publisher_id
       JOIN room_sessions rs ON rs.id = p.session_id JOIN rooms r ON r.id = rs.room_id
     WHERE s.user_id = 'hal' ORDER BY s.started_at`,
  );
  t.same(rows, [{ room: 'tea', watched: 'Ada', source: 'camera', in_order: true }]);
});
