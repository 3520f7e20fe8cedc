import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { at, RecordedCall } from '../support/recorded-call.ts';
import { asking, askingWith, problem, production } from '../support/rest.ts';
import { testServer } from '../support/server.ts';

const iso = (seconds: number) => new Date(at(seconds)).toISOString();

t.test('who may read which statistics', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const tea = await RecordedCall.begin(pool, 'tea', 0, 60);
  const milk = await RecordedCall.begin(pool, 'milk', 0, 60);
  const ada = await tea.join('ada', 0, 60);
  const ben = await tea.join('ben', 0, 60);
  const cleo = await milk.join('cleo', 0, 60);
  for (const one of [ada, ben]) tea.measure(one, 'send', { from: 0, until: 60 }, { upBytes: 1 });
  milk.measure(cleo, 'send', { from: 0, until: 60 }, { upBytes: 1 });
  await tea.write();
  await milk.write();

  const byName = ['/rooms/tea/stats', '/rooms/tea/summary'];
  const byId = [`/rooms/${tea.sessionId}/stats`, `/rooms/${tea.sessionId}/summary`];
  const ofPeople = [ada, ben].flatMap(({ id, send }) => [
    `/participants/${id}/stats`,
    `/transports/${send}/stats`,
  ]);
  const ofTea = [...byName, ...byId, ...ofPeople];
  const nowhere = ['/rooms/nowhere/stats', '/rooms/nowhere/summary'];
  const unknown = [
    ...nowhere,
    `/rooms/${randomUUID()}/stats`,
    `/rooms/${randomUUID()}/summary`,
    ...['participants', 'transports'].flatMap((kind) => [
      `/${kind}/${randomUUID()}/stats`,
      `/${kind}/x/stats`,
    ]),
    `/participants/${ada.send}/stats`,
    `/transports/${ada.id}/stats`,
  ];

  const nobody = asking(server, undefined);
  for (const path of [...ofTea, ...unknown, '/users/ada/stats']) {
    t.match(await nobody('GET', path), problem(401, 'unauthorized'), path);
  }
  for (const grants of [
    { statsRead: true },
    { roomAdmin: true },
    { statsRead: true, room: 'tea' },
    { roomAdmin: true, room: 'tea' },
  ]) {
    const ask = await askingWith(server, grants);
    for (const path of ofTea)
      t.match(await ask('GET', path), { status: 200 }, `${JSON.stringify(grants)} ${path}`);
  }
  for (const grants of [{ statsRead: true }, { roomAdmin: true }]) {
    const ask = await askingWith(server, grants);
    for (const path of unknown) t.match(await ask('GET', path), problem(404, 'not_found'), path);
  }
  const ofMilk = await askingWith(server, { statsRead: true, roomAdmin: true, room: 'milk' });
  for (const path of ofTea) t.match(await ofMilk('GET', path), problem(403, 'forbidden'), path);

  for (const grants of [{}, { roomJoin: true, room: 'tea' }]) {
    const member = await askingWith(server, grants, 'ben');
    for (const path of ofTea) t.match(await member('GET', path), { status: 200 }, path);
  }
  const elsewhere = await askingWith(server, { roomJoin: true, room: 'milk' }, 'ben');
  for (const path of ofTea) t.match(await elsewhere('GET', path), problem(403, 'forbidden'), path);

  const stranger = await askingWith(server, { roomJoin: true, roomList: true, streamsWrite: true }, 'cleo');
  const told = new Set<unknown>();
  for (const path of [...ofTea, ...unknown]) {
    const refused = await stranger('GET', path);
    t.match(refused, problem(403, 'forbidden'), path);
    told.add(refused.body['detail']);
  }
  t.equal(told.size, 1, 'a stranger does not learn what there is');

  t.match(await stranger('GET', '/users/ada/stats'), problem(403, 'forbidden'));
  t.match(await stranger('GET', '/users/cleo/stats'), { status: 200 });
  t.match(
    await ofMilk('GET', '/users/cleo/stats'),
    problem(403, 'forbidden'),
    'all rooms of a user are in there',
  );
  for (const user of ['ada', 'never-seen']) {
    const ask = await askingWith(server, { statsRead: true });
    t.match(await ask('GET', `/users/${user}/stats`), { status: 200, body: { userId: user } });
  }
});

t.test(
  'those who were there learn no ids of users but their own, and nothing of who is hidden',
  async (t) => {
    const server = await testServer(t, production);
    const call = await RecordedCall.begin(server.database.pool, 'guests', 0, 60);
    const [ada, ben, monitor] = [
      await call.join('ada', 0, 60),
      await call.join('ben', 1, 60),
      await call.join('monitor', 2, 60, { hidden: true }),
    ];
    for (const one of [ada, ben, monitor]) {
      call.measure(one, 'recv', { from: 0, until: 60 }, { downPackets: 100, downPacketsLost: 20 });
    }
    await call.write();
    const [asAda, reader] = [
      await askingWith(server, {}, 'ada'),
      await askingWith(server, { statsRead: true }),
    ];

    t.equal((await asAda('GET', `/participants/${ada.id}/stats`)).body['userId'], 'ada');
    t.notOk('userId' in (await asAda('GET', `/participants/${ben.id}/stats`)).body);
    const seen = (await asAda('GET', '/rooms/guests/summary')).body;
    t.match(seen, {
      verdict: { side: 'participants' },
      participants: [{ displayName: 'Ada', userId: 'ada' }, { displayName: 'Ben' }],
    });
    t.equal((seen['participants'] as object[]).length, 2);
    t.notMatch(JSON.stringify(seen), /ben"|monitor|Monitor/);
    t.notMatch(JSON.stringify(seen), new RegExp(monitor.id));
    for (const path of [`/participants/${monitor.id}/stats`, `/transports/${monitor.recv}/stats`]) {
      t.match(await asAda('GET', path), problem(403, 'forbidden'), path);
    }
    const whole = (await reader('GET', '/rooms/guests/summary')).body;
    t.same((whole['participants'] as { userId: string }[]).map(({ userId }) => userId).sort(), [
      'ada',
      'ben',
      'monitor',
    ]);
    const asMonitor = (await (await askingWith(server, {}, 'monitor'))('GET', '/rooms/guests/summary')).body;
    t.equal((asMonitor['participants'] as object[]).length, 3, 'oneself is there');
  },
);

t.test('the figures of a room tell a member nothing of who is hidden', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'overheard', 0, 60);
  const [ada, monitor] = [await call.join('ada', 0, 60), await call.join('monitor', 0, 60, { hidden: true })];
  const of = { from: 0, until: 60 } as const;
  call.measure(ada, 'recv', of, { downBytes: 625_000, downPackets: 1_000, downPacketsLost: 0, rttMs: 20 });
  call.measure(monitor, 'recv', of, { downBytes: 1e6, downPackets: 1_000, downPacketsLost: 200, rttMs: 90 });
  await call.write();
  const figures = async (userId: string, grants: object, query: string) => {
    const { body } = await (
      await askingWith(server, grants, userId)
    )('GET', `/rooms/overheard/stats?fields=downBitrateBps,downLossRatio,rttMs&${query}`);
    return { fields: body['fields'], percentiles: body['percentiles'] };
  };
  const known = (value: unknown) => ({ fields: { rttMs: [value] } });
  for (const step of [1, 15, 60]) {
    const query = `step=${step}&from=${iso(0)}&to=${iso(60)}${step === 1 ? '' : '&percentiles=0,100'}`;
    const seen = await figures('ada', {}, query);
    t.match(seen, known(20), query);
    t.notMatch(JSON.stringify(seen), /0\.2|55|90/, 'neither a loss, a mean nor a round trip of theirs');
    for (const whole of [
      await figures('asker', { statsRead: true }, query),
      await figures('monitor', {}, query),
    ]) {
      t.match(whole, known(55), 'the mean of both, for who may know');
    }
  }
  const summaryFor = async (userId: string, grants: object) =>
    (await (await askingWith(server, grants, userId))('GET', '/rooms/overheard/summary')).body['figures'];
  t.match(await summaryFor('ada', {}), { downLossRatio: { min: 0, p95: 0 }, rttMs: { p95: 20 } });
  for (const whole of [await summaryFor('asker', { statsRead: true }), await summaryFor('monitor', {})]) {
    t.match(whole, { downLossRatio: { p95: 0.1 }, rttMs: { p95: 55 } });
  }
});

t.test('who was removed from a room reads nothing of it any more', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'barred', 0, 60);
  const ada = await call.join('gone', 0, 60);
  call.measure(ada, 'send', { from: 0, until: 60 }, { upBytes: 1 });
  await call.write();
  const ask = await askingWith(server, {}, 'gone');
  const paths = [
    '/rooms/barred/stats',
    '/rooms/barred/summary',
    `/participants/${ada.id}/stats`,
    `/transports/${ada.send}/stats`,
  ];
  for (const path of paths) t.match(await ask('GET', path), { status: 200 }, path);
  await server.revocations.bar('gone', 'barred', []);
  for (const path of paths) t.match(await ask('GET', path), problem(403, 'forbidden'), path);
  t.match(await ask('GET', '/users/gone/stats'), { status: 200 }, 'but what is their own');
});
