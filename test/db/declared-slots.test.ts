import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { allow, declaredOf, heldIds, testNode as nodeWithLease } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';

const { pool } = await testDatabase(t);

/** In ms: none runs out by itself here. */
const LEASE = 3_600_000;
const testNode = (database: typeof pool, nodeId?: string, limit = 3) =>
  nodeWithLease(database, nodeId, { lease: LEASE, limit });

const node = await testNode(pool);
const { ledger, streamOf } = node;

const endOf = async (id: string) =>
  (await pool.query<{ end_reason: string }>('SELECT end_reason FROM streams WHERE id = $1', [id])).rows[0]
    ?.end_reason;

/** As if the lease of some streams had run out a second ago. */
const expire = (...ids: string[]) =>
  pool.query(`UPDATE slots SET lease_until = now() - interval '1 second' WHERE stream_id = ANY($1)`, [ids]);

t.test('streams of the SFU and of players outside hold the same slots', async (t) => {
  const [camera, player] = [streamOf('ada'), declaredOf('ada')];
  await allow(ledger, 'ada', 2);
  t.match(await ledger.acquire(camera), { granted: true });
  t.match(await ledger.acquire(player), { granted: true });
  t.match(await ledger.acquire(declaredOf('ada')), { granted: false });
  const { limit, streams } = await ledger.held('ada');
  t.equal(limit, 2);
  t.match(streams, [
    {
      id: camera.id,
      origin: 'sfu',
      roomName: 'tea',
      publisherName: 'Ada',
      source: 'camera',
      label: undefined,
    },
    { id: player.id, origin: 'declared', label: 'a player', roomName: undefined, publisherName: undefined },
  ]);
  t.equal(await ledger.replace(player.id, streamOf('ada')), true);
  t.equal(await ledger.replace(camera.id, declaredOf('ada')), true);
  t.equal(await endOf(player.id), 'replaced');
});

t.test('another server’s stream is not taken over: it could not be closed in time', async (t) => {
  const other = await testNode(pool);
  const theirs = other.streamOf('ben');
  await other.ledger.acquire(theirs);
  t.equal(await ledger.replace(theirs.id, streamOf('ben')), false);
  t.same(await heldIds(pool, 'ben'), [theirs.id]);
});

t.test(
  'a renewal of a declared stream holds it; of one that is over or somebody else’s it does nothing',
  async (t) => {
    const stream = declaredOf('cleo');
    await ledger.acquire(stream);
    await expire(stream.id);
    const renewed = await ledger.renewDeclared('cleo', stream.id, 60_000);
    t.ok(renewed && renewed.leaseUntil.getTime() > Date.now() + 50_000);
    t.equal(await ledger.renewDeclared('dan', stream.id, 60_000), undefined);
    t.equal(await ledger.endDeclared('dan', stream.id), false);
    t.equal(await ledger.endDeclared('cleo', stream.id), true);
    t.equal(await ledger.endDeclared('cleo', stream.id), false);
    t.equal(await ledger.renewDeclared('cleo', stream.id, 60_000), undefined);
    t.equal(await ledger.wasDeclared('cleo', stream.id), true);
    t.equal(await ledger.wasDeclared('dan', stream.id), false);
  },
);

t.test('what the SFU forwards is not renewed or ended as if it were declared', async (t) => {
  const stream = streamOf('eve');
  await ledger.acquire(stream);
  t.equal(await ledger.renewDeclared('eve', stream.id, 60_000), undefined);
  t.equal(await ledger.endDeclared('eve', stream.id), false);
  t.equal(await ledger.endOldest('eve', 'stream_count'), false);
  t.same(await heldIds(pool, 'eve'), [stream.id]);
});

t.test('the oldest of one origin is ended, by many at once each another', async (t) => {
  const [declared, first, second] = [
    declaredOf('fay'),
    declaredOf('fay', 'stream_count'),
    declaredOf('fay', 'stream_count'),
  ];
  for (const stream of [declared, first, second]) await ledger.acquire(stream);
  const ended = await Promise.all(Array.from({ length: 8 }, () => ledger.endOldest('fay', 'stream_count')));
  t.equal(ended.filter(Boolean).length, 2);
  t.same(await heldIds(pool, 'fay'), [declared.id]);
});

t.test('an expired lease is freed, by whoever sweeps what it is of; what is renewed is not', async (t) => {
  const other = await testNode(pool);
  await allow(ledger, 'gus', 4);
  const [lost, own, player, alive] = [
    other.streamOf('gus'),
    streamOf('gus'),
    declaredOf('gus'),
    declaredOf('gus'),
  ];
  for (const [{ ledger: its }, stream] of [
    [other, lost],
    [node, own],
    [node, player],
    [node, alive],
  ] as const) {
    await its.acquire(stream);
  }
  await expire(lost.id, own.id, player.id);
  t.same(await ledger.sweepExpired('servers'), ['gus']);
  t.equal(await endOf(lost.id), 'server_crashed');
  t.same(await ledger.sweepExpired('declared'), ['gus']);
  t.equal(await endOf(player.id), 'expired');
  t.same(await heldIds(pool, 'gus'), [own.id, alive.id], 'its own it renews itself');
  t.same(await ledger.sweepExpired('declared'), []);
});

t.test(
  'what a former incarnation took after its successor had started is freed when its lease is over',
  async (t) => {
    const former = await testNode(pool, 'again');
    await testNode(pool, 'again');
    const late = former.streamOf('lou');
    await former.ledger.acquire(late);
    const { ledger: successor } = await testNode(pool, 'again');
    t.same(await heldIds(pool, 'lou'), [], 'the next start frees it at once');
    await former.ledger.acquire(former.streamOf('lou'));
    await pool.query(`UPDATE slots SET lease_until = now() - interval '1 second' WHERE user_id = 'lou'`);
    t.ok((await successor.sweepExpired('servers')).includes('lou'));
  },
);

t.test('a lower limit ends what was taken last', async (t) => {
  await allow(ledger, 'hal', 5);
  const streams = Array.from({ length: 5 }, () => declaredOf('hal'));
  for (const stream of streams) await ledger.acquire(stream);
  const [a, b, c, d, e] = streams.map(({ id }) => id);
  await ledger.endDeclared('hal', a ?? '');
  t.same(await allow(ledger, 'hal', 3), [e]);
  t.equal(await endOf(e ?? ''), 'limit_lowered');
  t.same(new Set(await heldIds(pool, 'hal')), new Set([b, c, d]));
  const { rowCount } = await pool.query(`SELECT FROM slots WHERE user_id = 'hal'`);
  t.equal(rowCount, 3);
  t.ok(await ledger.renewDeclared('hal', d ?? '', 1_000), 'what stays is still renewed');
  t.same(new Set(await allow(ledger, 'hal', 0)), new Set([b, c, d]));
  t.match(await ledger.acquire(declaredOf('hal')), { granted: false });
  await allow(ledger, 'hal', 1);
  t.match(await ledger.acquire(declaredOf('hal')), { granted: true });
});

t.test('under a lower limit of the server’s than before what runs goes on, and is counted', async (t) => {
  const four = await testNode(pool, undefined, 4);
  const streams = Array.from({ length: 4 }, () => declaredOf('ivy'));
  for (const stream of streams) await four.ledger.acquire(stream);
  t.match(await ledger.acquire(declaredOf('ivy')), { granted: false });
  t.equal((await heldIds(pool, 'ivy')).length, 4);
  for (const { id } of streams.slice(0, 3)) await ledger.endDeclared('ivy', id);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ledger.acquire(declaredOf('ivy'))));
  t.equal(answers.filter(({ granted }) => granted).length, 2, 'beside the one in the fourth place');
  const more = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? ledger : four.ledger).acquire(declaredOf('ivy')),
    ),
  );
  t.equal(more.filter(({ granted }) => granted).length, 1, 'and one more by the server that allows four');
});

t.test('a user is known who has ever had slots', async (t) => {
  t.equal(await ledger.knows('nobody'), false);
  await ledger.acquire(declaredOf('jo'));
  t.equal(await ledger.knows('jo'), true);
});

t.test('the count is this server’s streams, and everybody’s declared ones', async (t) => {
  const before = await ledger.count();
  const other = await testNode(pool);
  const [own, theirs, player] = [streamOf('kim'), other.streamOf('kim'), declaredOf('kim')];
  await ledger.acquire(own);
  await other.ledger.acquire(theirs);
  await ledger.acquire(player);
  const { ownStreams, declared } = await ledger.count();
  t.equal(ownStreams.get(own.id), 'kim');
  t.notOk(ownStreams.has(theirs.id));
  t.equal(declared, before.declared + 1);
  t.notOk(ownStreams.has(randomUUID()));
});

t.test('servers that share a ledger know of each other, for an hour after one was seen last', async (t) => {
  t.equal((await ledger.renew([])).shared, true);
  await pool.query(
    `UPDATE nodes SET started_at = now() - interval '2 hours', seen_at = now() - interval '2 hours' WHERE id <> $1`,
    [node.node.nodeId],
  );
  t.equal((await ledger.renew([])).shared, false);
});
