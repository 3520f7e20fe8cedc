import t from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { both, camera, counts, publisher } from '../support/watching.ts';

t.test('a slot whose worker has not let go yet is kept by the renewal', async (t) => {
  const server = await testServer(t, { WORKERS: '1' }, { faults: true });
  const producerId = await publisher(t, server.url, 'tea');
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const { id } = await viewer.request('consume', { producerId });
  await server.database.pool.query(`UPDATE slots SET taken_at = now() - interval '1 minute'`);
  const pid = server.workers.workers[0]?.worker.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await viewer.request('closeConsumer', { consumerId: id });
  await server.leases.round();
  const { rows } = await server.database.pool.query('SELECT FROM slots WHERE stream_id IS NOT NULL');
  t.equal(rows.length, 1, 'still held');
  process.kill(pid, 'SIGCONT');
  t.same(await counts(server), both(0), 'and given back once it has');
  const ends = await server.database.pool.query('SELECT end_reason FROM streams WHERE user_id = $1', [
    viewer.hello.userId,
  ]);
  t.same(ends.rows, [{ end_reason: 'stopped' }]);
});

t.test('a stream whose slot is gone is closed by the renewal, and its end is kept', async (t) => {
  const server = await testServer(t, {}, { faults: true });
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const { id, streamId } = await viewer.request('consume', {
    producerId: await publisher(t, server.url, 'tea'),
  });
  await server.database.pool.query('UPDATE slots SET stream_id = NULL WHERE stream_id = $1', [streamId]);
  await server.leases.round();
  t.match(await viewer.next('consumerClosed'), { consumerId: id, reason: 'swept' });
  t.same(await counts(server), both(0));
  const { rows } = await server.database.pool.query('SELECT end_reason FROM streams WHERE id = $1', [
    streamId,
  ]);
  t.same(rows, [{ end_reason: 'swept' }]);
});

t.test('a replacement whose answer is lost shows no four, and is put right by the renewal', async (t) => {
  let losing = false;
  const server = await testServer(
    t,
    {},
    {
      faults: true,
      wrapLedger: (real) => ({
        ...real,
        async replace(formerId, stream) {
          const moved = await real.replace(formerId, stream);
          if (losing) throw new Error('Connection terminated unexpectedly');
          return moved;
        },
      }),
    },
  );
  const cameras = await Promise.all(Array.from({ length: 5 }, () => publisher(t, server.url, 'tea')));
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const watched = [];
  for (const producerId of cameras.slice(0, 3)) watched.push(await viewer.request('consume', { producerId }));
  losing = true;
  const replace = watched[0]?.streamId ?? '';
  t.match(await viewer.raw('consume', { producerId: cameras[3], replace }), {
    error: { code: 'unavailable' },
  });
  t.match(await viewer.raw('consume', { producerId: cameras[4] }), { error: { code: 'stream_limit' } });
  t.same(await counts(server), both(3), 'what ran goes on, in the slot that has moved');
  losing = false;
  await server.leases.round();
  t.match(await viewer.next('consumerClosed'), { consumerId: watched[0]?.id, reason: 'swept' });
  t.same(await counts(server), both(2));
  t.ok((await viewer.raw('consume', { producerId: cameras[3] })).ok, 'and the place is free again');
});

t.test(
  'starts whose answers are lost are given back together, and are no more than a few a user',
  async (t) => {
    const asked = { replace: 0, releaseAll: 0 };
    const server = await testServer(
      t,
      { MESSAGES_BURST: '1000' },
      {
        faults: true,
        wrapLedger: (real) => ({
          ...real,
          replace() {
            asked.replace += 1;
            return Promise.reject(new Error('Connection terminated unexpectedly'));
          },
          releaseAll(streams) {
            if (streams.length > 0) asked.releaseAll += 1;
            return real.releaseAll(streams);
          },
        }),
      },
    );
    const cameras = await Promise.all(Array.from({ length: 6 }, () => publisher(t, server.url, 'tea')));
    const viewer = await Peer.inRoom(t, server.url, 'tea');
    const watched = await viewer.request('consume', { producerId: cameras[0] ?? '' });
    for (const producerId of cameras.slice(1)) {
      const answer = await viewer.raw('consume', { producerId, replace: watched.streamId });
      t.match(answer, { error: { code: 'unavailable' } });
    }
    t.equal(asked.replace, 3, 'then it has to be known first how these ended');
    await server.leases.round();
    t.equal(asked.releaseAll, 1);
    t.same(await counts(server), both(1));
    await viewer.raw('consume', { producerId: cameras[1], replace: watched.streamId });
    t.equal(asked.replace, 4);
  },
);

t.test('a declared start whose answer is lost leaves no slot held', async (t) => {
  let losing = true;
  const { declared, database } = await testServer(
    t,
    {},
    {
      faults: true,
      wrapLedger: (real) => ({
        ...real,
        async acquire(stream) {
          const answer = await real.acquire(stream);
          if (losing) throw new Error('Connection terminated unexpectedly');
          return answer;
        },
      }),
    },
  );
  const start = () =>
    declared.start('7', {
      label: undefined,
      lease: 43_200_000,
      origin: 'stream_count',
      onLimit: 'reject',
    });
  const held = async () =>
    (await database.pool.query(`SELECT FROM slots WHERE user_id = '7' AND stream_id IS NOT NULL`)).rowCount;
  await t.rejects(start(), { code: 'unavailable' });
  await t.rejects(start(), { code: 'unavailable' });
  t.equal(await held(), 2, 'nobody knows of them');
  await declared.releaseAbandoned();
  t.equal(await held(), 0);
  losing = false;
  await start();
  await declared.releaseAbandoned();
  t.equal(await held(), 1, 'what was answered stays');
  await declared.endOldest('7', 'stream_count');
});

t.test('without the ledger new videos are refused, and those that run go on', async (t) => {
  let away = false;
  const failing =
    <A extends unknown[], R>(real: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      away ? Promise.reject(new Error('Connection terminated unexpectedly')) : real(...args);
  const server = await testServer(
    t,
    {},
    {
      faults: true,
      wrapLedger: (real) => ({
        ...real,
        held: failing((userId) => real.held(userId)),
        acquire: failing((stream) => real.acquire(stream)),
        replace: failing((formerId, stream) => real.replace(formerId, stream)),
        release: failing((stream, reason) => real.release(stream, reason)),
        releaseAll: failing((streams) => real.releaseAll(streams)),
        renew: failing((ids) => real.renew(ids)),
      }),
    },
  );
  const first = await publisher(t, server.url, 'tea');
  const second = await publisher(t, server.url, 'tea');
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const { id } = await viewer.request('consume', { producerId: first });
  away = true;
  t.match(await viewer.raw('consume', { producerId: second }), {
    error: { code: 'unavailable', message: /database/ },
  });
  await t.rejects(server.leases.round());
  t.ok((await viewer.raw('resumeConsumer', { consumerId: id })).ok, 'what runs goes on');
  await viewer.request('closeConsumer', { consumerId: id });
  t.same(await counts(server), { slots: 1, forwarded: 0 }, 'the slot cannot be given back yet');
  away = false;
  await server.database.pool.query(`UPDATE slots SET taken_at = now() - interval '1 minute'`);
  await server.leases.round();
  t.same(await counts(server), both(0), 'the next renewal frees it');
});

t.test('a publisher who stops while the viewer acts is no bug of the server', async (t) => {
  const server = await testServer(t, { MESSAGES_BURST: '1000' });
  const source = await Peer.inRoom(t, server.url, 'tea');
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  for (let trial = 0; trial < 20; trial += 1) {
    const producerId = await camera(source);
    const { id: consumerId } = await viewer.request('consume', { producerId });
    const answers = await Promise.all([
      viewer.raw('resumeConsumer', { consumerId }),
      viewer.raw('setPreferredLayers', { consumerId, spatialLayer: 0 }),
      source.raw('closeProducer', { producerId }),
      viewer.raw('pauseConsumer', { consumerId }),
      viewer.raw('consume', { producerId }),
    ]);
    for (const answer of answers) if (!answer.ok) t.equal(answer.error.code, 'not_found');
  }
  t.same(await counts(server), both(0));
});
