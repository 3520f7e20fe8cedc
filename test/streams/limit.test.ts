import { once } from 'node:events';
import t from '../support/tap.ts';
import { newUser, Peer, type JoinedPeer } from '../support/peer.ts';
import { sampled } from '../support/sampled.ts';
import { testServer } from '../support/server.ts';
import { both, camera, counts, publisher } from '../support/watching.ts';

t.test('one user in three tabs and two rooms, twenty starts at once: exactly three succeed', async (t) => {
  const server = await testServer(t, { WORKERS: '2' });
  const { url } = server;
  const [tea, coffee] = await Promise.all([
    Promise.all(Array.from({ length: 7 }, () => publisher(t, url, 'tea'))),
    Promise.all(Array.from({ length: 6 }, () => publisher(t, url, 'coffee'))),
  ]);
  const cookie = await newUser(url);
  const tabs = await Promise.all([
    Peer.inRoom(t, url, 'tea', cookie),
    Peer.inRoom(t, url, 'tea', cookie),
    Peer.inRoom(t, url, 'coffee', cookie),
  ]);
  const wanted = [
    ...tea.map((producerId) => ({ tab: tabs[0], producerId })),
    ...tea.map((producerId) => ({ tab: tabs[1], producerId })),
    ...coffee.map((producerId) => ({ tab: tabs[2], producerId })),
  ];
  t.equal(wanted.length, 20);
  for (let trial = 0; trial < 5; trial += 1) {
    const answers = await Promise.all(
      wanted.map(({ tab, producerId }) => tab.raw('consume', { producerId })),
    );
    const granted = answers.flatMap((answer, index) => (answer.ok ? [{ ...wanted[index], answer }] : []));
    t.equal(granted.length, 3, 'exactly three');
    t.same(await counts(server), both(3), 'slots and workers agree');
    for (const answer of answers) {
      if (!answer.ok) t.match(answer.error, { code: 'stream_limit', limit: 3 });
    }
    for (const { tab, answer } of granted) {
      const { id } = answer.data as { id: string };
      await tab?.request('closeConsumer', { consumerId: id });
    }
    t.same(await counts(server), both(0), 'and all are given back');
  }
});

t.test('a refusal says what holds the slots, and `replace` exchanges one without ever four', async (t) => {
  const server = await testServer(t, { WORKERS: '2' });
  const { url } = server;
  const [a = '', b = '', c = '', d = ''] = await Promise.all(
    Array.from({ length: 4 }, () => publisher(t, url, 'tea')),
  );
  const e = await publisher(t, url, 'coffee');
  const cookie = await newUser(url);
  const tab = await Peer.inRoom(t, url, 'tea', cookie);
  const elsewhere = await Peer.inRoom(t, url, 'coffee', cookie);
  const first = await tab.request('consume', { producerId: a });
  await tab.request('consume', { producerId: b });
  const away = await elsewhere.request('consume', { producerId: e });
  t.match(await tab.next('streams', ({ streams }) => streams.length === 3), {
    limit: 3,
    streams: [
      {
        streamId: first.streamId,
        roomName: 'tea',
        publisherName: 'Ada',
        source: 'camera',
        where: 'this_tab',
      },
      { where: 'this_tab' },
      { streamId: away.streamId, roomName: 'coffee', where: 'other_room' },
    ],
  });
  const refusal = await tab.raw('consume', { producerId: c });
  t.match(refusal, {
    ok: false,
    error: {
      code: 'stream_limit',
      limit: 3,
      current: 3,
      conflicts: [{ streamId: first.streamId, where: 'this_tab' }, {}, { streamId: away.streamId }],
    },
  });

  let third = first;
  const slots = await sampled(
    async () => {
      const forwarded = (await server.workers.forwarded()).size;
      const { rows } = await server.database.pool.query<{ count: number }>(
        'SELECT count(*)::int FROM slots WHERE stream_id IS NOT NULL',
      );
      return forwarded > 3 ? `forwarded: ${forwarded}` : `slots: ${rows[0]?.count}`;
    },
    async () => {
      await tab.request('consume', { producerId: c, replace: first.streamId ?? '' });
      t.match(await tab.next('consumerClosed'), { consumerId: first.id, reason: 'replaced' });
      third = await tab.request('consume', { producerId: d, replace: away.streamId ?? '' });
      t.match(
        await elsewhere.next('consumerClosed'),
        { consumerId: away.id, reason: 'replaced' },
        'the loser is told',
      );
      for (let turn = 0, last = third; turn < 20; turn += 1) {
        const producerId = turn % 2 === 0 ? a : d;
        last = await tab.request('consume', { producerId, replace: last.streamId ?? '' });
      }
    },
  );
  t.same(slots, new Set(['slots: 3']), 'three before, during and after');
  t.same(await counts(server), both(3));

  const strange = await tab.raw('consume', { producerId: b, replace: 'nobody’s' });
  t.ok(strange.ok, 'what is watched already stays as it is');
  const stranger = await Peer.inRoom(t, url, 'tea');
  const theirs = await stranger.request('consume', { producerId: a, replace: third.streamId ?? '' });
  t.ok(theirs.streamId, 'another user’s stream cannot be replaced: a free slot is taken');
  t.same(await counts(server), both(4), 'three for one user, one for another');
});

t.test('paused streams count, sound does not, and asking again changes no count', async (t) => {
  const server = await testServer(t, { WORKERS: '2' });
  const cameras = await Promise.all(Array.from({ length: 4 }, () => publisher(t, server.url, 'tea')));
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  for (const producerId of cameras.slice(0, 3)) {
    const { id } = await viewer.request('consume', { producerId });
    await viewer.request('consume', { producerId });
    await viewer.request('resumeConsumer', { consumerId: id });
    await viewer.request('pauseConsumer', { consumerId: id });
  }
  t.match(await viewer.raw('consume', { producerId: cameras[3] }), { error: { code: 'stream_limit' } });
  t.same(await counts(server), both(3));
});

t.test('slots come back when a publisher stops, a viewer leaves, closes, or vanishes', async (t) => {
  const server = await testServer(t, { RESUME_GRACE_MS: '100' });
  const { url } = server;
  const cookie = await newUser(url);
  const watch = async (): Promise<{ viewer: JoinedPeer; source: JoinedPeer }> => {
    const source = await Peer.inRoom(t, url, 'tea');
    const viewer = await Peer.inRoom(t, url, 'tea', cookie);
    await viewer.request('consume', { producerId: await camera(source) });
    t.same(await counts(server), both(1));
    return { viewer, source };
  };
  let { viewer, source } = await watch();
  source.socket.close(1001);
  await viewer.next('streams', ({ streams }) => streams.length === 1);
  await viewer.next('consumerClosed');
  t.same(await counts(server), both(0), 'the publisher closed the page');

  await viewer.request('leave', {});
  ({ viewer, source } = await watch());
  await viewer.request('leave', {});
  t.same(await counts(server), both(0), 'the viewer left: at once');

  ({ viewer, source } = await watch());
  viewer.socket.close(1001);
  t.match(
    await source.next(
      'participantLeft',
      ({ participantId }) => participantId === viewer.joined.participantId,
    ),
    {
      reason: 'left',
    },
  );
  t.same(await counts(server), both(0), 'the viewer closed the page: at once');

  ({ viewer, source } = await watch());
  viewer.socket.terminate();
  t.match(
    await source.next(
      'participantLeft',
      ({ participantId }) => participantId === viewer.joined.participantId,
    ),
    {
      reason: 'disconnected',
    },
  );
  t.same(await counts(server), both(0), 'the viewer vanished: after the grace');

  const { rows } = await server.database.pool.query(
    `SELECT end_reason FROM streams WHERE user_id = $1 ORDER BY started_at`,
    [viewer.hello.userId],
  );
  t.same(
    rows.map(({ end_reason }: { end_reason: string }) => end_reason),
    ['publisher_stopped', 'viewer_left', 'viewer_left', 'viewer_left'],
  );
});

t.test('who comes back within the grace finds everything as it was, and no count changes', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cookie = await newUser(url);
  const producerId = await publisher(t, url, 'tea');
  const viewer = await Peer.inRoom(t, url, 'tea', cookie);
  const own = await camera(viewer);
  const { id } = await viewer.request('consume', { producerId });
  viewer.socket.terminate();
  await once(viewer.socket, 'close');

  const back = await Peer.connect(t, url, cookie);
  const stranger = await Peer.connect(t, url);
  const { resumeToken } = viewer.joined;
  await t.rejects(stranger.request('resume', { resumeToken }), { code: 'not_found' }, 'not by another user');
  await t.rejects(back.request('resume', { resumeToken: 'guessed' }), { code: 'not_found' });
  t.match(await back.request('resume', { resumeToken }), {
    participants: [{ producers: [{ id: producerId }] }],
    producerIds: [own],
    consumerIds: [id],
  });
  t.same(await counts(server), both(1));
  await back.request('resumeConsumer', { consumerId: id });

  const third = await Peer.connect(t, url, cookie);
  const superseded = once(back.socket, 'close');
  await third.request('resume', { resumeToken });
  t.match(await superseded, [4009], 'a connection that only seemed to be alive ends');
  t.match(await third.next('streams'), { streams: [{ where: 'this_tab' }] });
  t.same(await counts(server), both(1));
});

t.test('a socket that drops at each step leaves no slot held', async (t) => {
  const server = await testServer(t, { RESUME_GRACE_MS: '10' });
  const { url } = server;
  const watcher = await Peer.inRoom(t, url, 'tea');
  const producerId = await camera(watcher);
  const otherId = await publisher(t, url, 'tea');
  type Step = (peer: JoinedPeer) => Promise<unknown>;
  const steps: Record<string, Step> = {
    joined: () => Promise.resolve(),
    'consume sent': (peer) => Promise.resolve(void peer.raw('consume', { producerId })),
    'consume answered': (peer) => peer.request('consume', { producerId }),
    'resume sent': async (peer) => {
      const { id } = await peer.request('consume', { producerId });
      void peer.raw('resumeConsumer', { consumerId: id });
    },
    'closed and asked for anew': async (peer) => {
      const { id } = await peer.request('consume', { producerId });
      void peer.raw('closeConsumer', { consumerId: id });
      void peer.raw('consume', { producerId });
    },
    'replace sent': async (peer) => {
      const { streamId } = await peer.request('consume', { producerId });
      void peer.raw('consume', { producerId: otherId, replace: streamId });
    },
    'transport closing': (peer) => {
      void peer.raw('consume', { producerId });
      void peer.raw('closeTransport', { transportId: peer.recv.id });
      return Promise.resolve();
    },
  };
  for (const [name, step] of Object.entries(steps)) {
    for (const end of ['terminate', 'close'] as const) {
      const peer = await Peer.inRoom(t, url, 'tea');
      const { participantId } = peer.joined;
      await step(peer);
      if (end === 'terminate') peer.socket.terminate();
      else peer.socket.close(1001);
      await watcher.next('participantLeft', (left) => left.participantId === participantId);
      t.same(await counts(server), both(0), `${name}, then ${end}`);
    }
  }
});

t.test('a worker killed between slot and consumer, or with consumers, gives every slot back', async (t) => {
  const server = await testServer(t, { WORKERS: '1' });
  const { url, workers } = server;
  for (const when of ['pending', 'running']) {
    const producerId = await publisher(t, url, 'tea');
    const viewer = await Peer.inRoom(t, url, 'tea');
    const consuming = viewer.raw('consume', { producerId });
    if (when === 'running') await consuming;
    const replaced = once(workers, 'replaced');
    process.kill(workers.workers[0]?.worker.pid ?? 0, 'SIGKILL');
    await viewer.next('roomClosed');
    await replaced;
    t.same(await counts(server), both(0), when);
    const { rows } = await server.database.pool.query<{ end_reason: string }>(
      'SELECT end_reason FROM streams WHERE user_id = $1',
      [viewer.hello.userId],
    );
    for (const { end_reason } of rows) t.match(end_reason, /worker_died|failed/, when);
  }
});

t.test('what is given up and asked for in one go is granted: requests are worked off in order', async (t) => {
  const server = await testServer(t);
  const cameras = await Promise.all(Array.from({ length: 4 }, () => publisher(t, server.url, 'tea')));
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const watched: string[] = [];
  for (const producerId of cameras.slice(0, 3)) {
    watched.push((await viewer.request('consume', { producerId })).id);
  }
  for (let turn = 0; turn < 10; turn += 1) {
    const producerId = cameras[(turn + 3) % 4] ?? '';
    const [, { id }] = await Promise.all([
      viewer.request('closeConsumer', { consumerId: watched.shift() ?? '' }),
      viewer.request('consume', { producerId }),
    ]);
    watched.push(id);
  }
  t.same(await counts(server), both(3));
});
