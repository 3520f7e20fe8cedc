import fc from 'fast-check';
import t from '../support/tap.ts';
import { partsOf, type Field } from '../../server/stats/fields.ts';
import { at, RecordedCall, T0 } from '../support/recorded-call.ts';
import { askingWith, problem, production, type Ask } from '../support/rest.ts';
import { trackOf } from '../support/samples.ts';
import { testServer } from '../support/server.ts';

type Columns = Partial<Record<Field, (number | null)[]>>;

interface Timeline {
  from: string;
  to: string;
  step: number;
  time: number[];
  participants: { participantId: string; displayName: string; userId?: string; fields: Columns }[];
  events: { at: string; participantId: string; type: string; publisherId?: string }[];
  isComplete: boolean;
}

const reader = { statsRead: true };
const iso = (seconds: number) => new Date(at(seconds)).toISOString();
const between = (from: number, to: number) => `from=${iso(from)}&to=${iso(to)}`;

async function timelineOf(ask: Ask, room: string, query = ''): Promise<Timeline> {
  const { status, body } = await ask('GET', `/rooms/${room}/timeline?${query}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as unknown as Timeline;
}

t.test('everybody’s series on one time axis, and what happened, in order', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'day', 0, 120);
  const ada = await call.join('ada', 0, 90);
  const ben = await call.join('ben', 20);
  const camera = trackOf();
  const watched = trackOf({ producerId: camera.id });
  const carried = { from: 0, until: 90, every: 15, protocol: 'udp' } as const;
  call.measure(ada, 'send', carried, { upBytes: 30_000, upPackets: 100, upPacketsLost: 4 });
  call.measure(ada, 'send', { ...carried, track: camera }, { upBytes: 20_000 });
  const received = { from: 30, until: 60, every: 15 };
  call.measure(ben, 'recv', { ...received, protocol: 'udp' }, { downBytes: 60_000 });
  call.measure(ben, 'recv', { from: 60, until: 90, every: 15, protocol: 'tcp' }, { downBytes: 30_000 });
  for (const [from, until, spatialLayer, temporalLayer] of [
    [30, 45, 0, 2],
    [45, 55, 2, 2],
    [55, 65, undefined, undefined],
    [65, 75, 2, 2],
    [75, 90, 2, 1],
  ] as const) {
    call.measure(ben, 'recv', { from, until, track: watched, spatialLayer, temporalLayer }, { downBytes: 1 });
  }
  await call.write();

  const ask = await askingWith(server, reader);
  const { status, body } = await ask('GET', `/rooms/day/timeline`);
  t.equal(status, 200);
  t.match(body, {
    roomId: call.sessionId,
    roomName: 'day',
    startedAt: iso(0),
    endedAt: iso(120),
    from: iso(0),
    to: iso(120),
    step: 15,
    resolution: '15s',
    reporter: 'server',
    time: [0, 15, 30, 45, 60, 75, 90, 105].map((seconds) => T0 / 1000 + seconds),
    isComplete: true,
  });
  t.notOk('requestedStep' in body);
  const nothing = new Array(8).fill(null);
  const six = <T>(value: T) => [...new Array<T>(6).fill(value), null, null];
  t.same(body['participants'], [
    {
      participantId: ada.id,
      userId: 'ada',
      displayName: 'Ada',
      joinedAt: iso(0),
      leftAt: iso(90),
      leaveReason: 'left',
      fields: {
        upBitrateBps: six(16_000),
        downBitrateBps: nothing,
        upLossRatio: six(0.04),
        downLossRatio: nothing,
      },
    },
    {
      participantId: ben.id,
      userId: 'ben',
      displayName: 'Ben',
      joinedAt: iso(20),
      fields: {
        upBitrateBps: nothing,
        downBitrateBps: [null, null, 32_000, 32_000, 16_000, 16_000, null, null],
        upLossRatio: nothing,
        downLossRatio: nothing,
      },
    },
  ]);
  const path = (seconds: number, direction: 'send' | 'recv', protocol: string) => ({
    at: iso(seconds),
    participantId: direction === 'send' ? ada.id : ben.id,
    type: 'path',
    transportId: direction === 'send' ? ada.send : ben.recv,
    direction,
    protocol,
  });
  const layers = (seconds: number, spatialLayer: number, temporalLayer: number) => ({
    at: iso(seconds),
    participantId: ben.id,
    type: 'layers',
    trackId: watched.id,
    source: 'camera',
    publisherId: ada.id,
    spatialLayer,
    temporalLayer,
  });
  t.same(body['events'], [
    { at: iso(0), participantId: ada.id, type: 'joined' },
    path(0, 'send', 'udp'),
    { at: iso(20), participantId: ben.id, type: 'joined' },
    path(30, 'recv', 'udp'),
    layers(30, 0, 2),
    layers(45, 2, 2),
    path(60, 'recv', 'tcp'),
    layers(75, 2, 1),
    { at: iso(90), participantId: ada.id, type: 'left', reason: 'left' },
  ]);

  const tail = await timelineOf(ask, 'day', between(91, 120));
  t.equal(tail.from, iso(90));
  t.same(tail.time, [T0 / 1000 + 90, T0 / 1000 + 105]);
  t.same(
    tail.participants.map(({ participantId, fields }) => [
      participantId,
      Object.values(fields).flat().length,
    ]),
    [
      [ada.id, 8],
      [ben.id, 8],
    ],
    'who left in the first step is there',
  );
  t.same(
    tail.events.map(({ type }) => type),
    ['left'],
  );
  const later = await timelineOf(ask, 'day', between(105, 120));
  t.same(
    later.participants.map(({ participantId }) => participantId),
    [ben.id],
    'who had left is not',
  );
  t.same(later.events, []);
  const middle = await timelineOf(ask, 'day', between(45, 60));
  t.same(
    middle.events.map(({ type, at: when }) => [type, when]),
    [
      ['path', iso(45)],
      ['path', iso(45)],
      ['layers', iso(45)],
    ],
    'what was so at first is told',
  );
});

t.test('what runs now: until now, and its tail alone', async (t) => {
  const server = await testServer(t, production);
  const now = (Date.now() - T0) / 1000;
  const call = await RecordedCall.begin(server.database.pool, 'live', now - 300);
  const lea = await call.join('lea', now - 300);
  await call.join('gone', now - 290, now - 200);
  call.measure(lea, 'send', { from: now - 300, until: now, every: 5, protocol: 'udp' }, { upBytes: 1_000 });
  await call.write();
  const ask = await askingWith(server, {}, 'lea');
  const lastStep = () => Math.floor((Date.now() - 1) / 15_000) * 15;
  const before = lastStep();
  const whole = await timelineOf(ask, 'live');
  t.notOk('endedAt' in whole);
  const last = whole.time.at(-1) ?? NaN;
  t.ok(last >= before && last <= lastStep(), 'up to now');
  const tail = await timelineOf(ask, 'live', `from=${iso(now - 20)}`);
  const first = Math.floor(at(now - 20) / 15_000) * 15;
  t.equal(tail.time[0], first);
  t.ok((tail.time.at(-1) ?? NaN) <= lastStep(), `${tail.time.length} steps`);
  t.same(
    tail.participants.map(({ displayName }) => displayName),
    ['Lea'],
  );
  t.same(tail.participants[0]?.fields.upBitrateBps?.slice(0, 1), [1_600]);
  t.same(
    tail.time.filter((time) => time <= last),
    whole.time.filter((time) => time >= first),
    'on the same axis',
  );
});

t.test('each series is that of the participant', async (t) => {
  const server = await testServer(t, production);
  const LENGTH = 7_200;
  const call = await RecordedCall.begin(server.database.pool, 'same', 0, LENGTH);
  const [ada, ben, idle] = [
    await call.join('ada', 0, LENGTH),
    await call.join('ben', 100, 5_000),
    await call.join('idle', 0, LENGTH),
  ];
  const noise = (n: number, most: number) => (n * 7_919) % most;
  for (const [one, from, until] of [
    [ada, 3, 7_190],
    [ben, 101, 4_999],
  ] as const) {
    call.measure(one, 'send', { from, until, every: 7 }, (n) => ({
      upBytes: 1_000 + noise(n, 5_000),
      upPackets: 100 + noise(n, 30),
      upPacketsLost: noise(n, 9),
    }));
    call.measure(one, 'recv', { from, until, every: 11 }, (n) => ({
      downBytes: 9_000 + noise(n, 5_000),
      downPackets: 300,
      downPacketsLost: noise(n, 5),
    }));
    call.measure(one, 'recv', { from, until: until - 600, every: 13, reporter: 'browser' }, (n) => ({
      rttMs: 20 + noise(n, 90),
      freezes: noise(n, 2),
      downFps: 24,
      downBytes: 8_000 + noise(n, 5_000),
    }));
  }
  await call.write();
  const ask = await askingWith(server, reader);
  const known: Field[] = [
    'upBitrateBps',
    'downBitrateBps',
    'upLossRatio',
    'downLossRatio',
    'rttMs',
    'freezes',
  ];
  const asked = fc.record({
    from: fc.integer({ min: -100, max: LENGTH }),
    length: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: LENGTH })),
    step: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 4_000 })),
    fields: fc.subarray(known, { minLength: 1 }),
    reporter: fc.constantFrom('server', 'browser'),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ from, length, step, fields, reporter }) => {
      const query = `fields=${fields.join()}&reporter=${reporter}&${between(from, from + length)}`;
      const timeline = await timelineOf(ask, 'same', `${query}&step=${step}`);
      for (const { participantId, fields: columns } of timeline.participants) {
        // Of one participant samples are taken for longer: the step as it was used.
        const path = `/participants/${participantId}/stats?${query}&step=${timeline.step}`;
        const own = (await ask('GET', path)).body as unknown as Timeline & { fields: Columns };
        if (own.from !== timeline.from || own.to !== timeline.to) throw new Error('not the same period');
        for (const field of fields) refuseDifferent(field, columns[field], own.fields[field]);
      }
    }),
    { numRuns: 40 },
  );
  const { participants } = await timelineOf(ask, 'same');
  t.equal(participants.at(-1)?.participantId, ben.id, 'in the order in which they came');
  const { fields: nothing = {} } = participants.find(({ participantId }) => participantId === idle.id) ?? {};
  t.same([...new Set(Object.values(nothing).flat())], [null], 'of whom nothing is known is there too');
});

/** Sums of floats in another order may be rounded otherwise: the last digit that is told may differ by one. */
function refuseDifferent(field: Field, one: Columns[Field] = [], other: Columns[Field] = []): void {
  const isSame = (value: number | null, n: number) => {
    const expected = other[n] ?? null;
    if (value === null || expected === null) return value === expected;
    return Math.abs(value - expected) * partsOf(field) < 1.5;
  };
  if (one.length === other.length && one.every(isSame)) return;
  throw new Error(`${field}: ${JSON.stringify(one)} is not ${JSON.stringify(other)}`);
}

t.test('steps that are rounded, too many values, and what cannot be asked', async (t) => {
  const server = await testServer(t, production);
  const LENGTH = 36_000;
  const call = await RecordedCall.begin(server.database.pool, 'many', 0, LENGTH);
  for (let n = 0; n < 40; n++) await call.join(`user-${n}`, 0, LENGTH);
  const ask = await askingWith(server, reader);
  const of = async (query: string) => (await ask('GET', `/rooms/many/timeline?${query}`)).body;
  t.match(await of(`step=20&${between(0, 600)}`), { step: 30, requestedStep: 20, resolution: '15s' });
  t.match(await of(`step=4&${between(0, 3_600)}`), { step: 4, resolution: 'sample' });
  t.match(await of(`step=4&${between(0, 3_700)}`), { step: 15, requestedStep: 4, resolution: '15s' });
  t.match(await of(''), { step: 60, isComplete: false }, 'one that is not too much by itself');
  t.match(await of(between(0, 7_200)), { step: 15, isComplete: true });
  t.match(await ask('GET', `/rooms/many/timeline?step=15`), {
    ...problem(400, 'bad_request'),
    body: { detail: /384000 values \(40 participants, 4 figures, 2400 steps of 15 s\).*Ask for step=30,/ },
  });
  t.match(await ask('GET', `/rooms/many/timeline?step=30`), { status: 200 });
  for (const [query, detail] of [
    [between(60, 0), /would end.*before it begins/],
    ['fields=nothing', /no such figure/],
    ['fields=spatialLayer', /no such figure/],
    ['step=0', /step/],
    ['percentiles=50', /percentiles/],
    ['format=csv', /format/],
    ['from=yesterday', /from/],
  ] as const) {
    const refused = await ask('GET', `/rooms/many/timeline?${query}`);
    t.match(refused, { ...problem(400, 'bad_request'), body: { detail } }, query);
  }
});

t.test('of too many those are told who stayed, and the first changes, and that it is so', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const crowd = await RecordedCall.begin(pool, 'crowd', 0, 60);
  for (let n = 0; n < 201; n++) await crowd.join(`user-${n}`, n / 10, n === 0 ? 10 : 60);
  const ask = await askingWith(server, reader);
  const all = await timelineOf(ask, 'crowd');
  t.match(
    { length: all.participants.length, isComplete: all.isComplete },
    { length: 200, isComplete: false },
  );
  t.equal(all.participants[0]?.displayName, 'User-1', 'who came first, first, but who stayed shortest');
  t.match(await timelineOf(ask, 'crowd', between(15, 60)), { isComplete: true });

  const restless = await RecordedCall.begin(pool, 'restless', 0, 6_000);
  const ada = await restless.join('ada', 0, 6_000);
  for (const [from, until] of [
    [0, 3_000],
    [3_000, 6_000],
  ] as const) {
    const track = trackOf();
    for (let second = from; second < until; second++) {
      const layers = { spatialLayer: second % 2, temporalLayer: 0 };
      restless.measure(
        ada,
        'recv',
        { from: second, until: second + 1, every: 1, track, ...layers },
        { downBytes: 1 },
      );
    }
  }
  await restless.write();
  const changes = await timelineOf(ask, 'restless');
  t.match(
    { length: changes.events.length, isComplete: changes.isComplete },
    { length: 5_001, isComplete: false },
  );
  t.equal(changes.events.at(-1)?.at, iso(4_999));
  t.match(await timelineOf(ask, 'restless', between(3_000, 6_000)), { isComplete: true });
});

t.test('who may read it, and what they are told', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'guests', 0, 60);
  const [ada, ben, monitor] = [
    await call.join('ada', 0, 60),
    await call.join('ben', 1, 60),
    await call.join('monitor', 2, 60, { hidden: true }),
  ];
  const screen = trackOf();
  const watched = trackOf({ producerId: screen.id });
  for (const one of [ada, ben, monitor]) {
    call.measure(one, 'recv', { from: 0, until: 60, protocol: 'udp' }, { downBytes: 1 });
  }
  call.measure(monitor, 'send', { from: 0, until: 60, track: screen }, { upBytes: 1 });
  call.measure(ben, 'recv', { from: 0, until: 60, track: watched, spatialLayer: 1 }, { downBytes: 1 });
  await call.write();
  const asAda = await askingWith(server, {}, 'ada');
  const seen = await timelineOf(asAda, 'guests');
  t.same(
    seen.participants.map(({ displayName, userId }) => [displayName, userId]),
    [
      ['Ada', 'ada'],
      ['Ben', undefined],
    ],
  );
  t.notMatch(JSON.stringify(seen), /ben"|monitor|Monitor/);
  t.notMatch(JSON.stringify(seen), new RegExp(monitor.id));
  t.match(
    seen.events.find(({ type }) => type === 'layers'),
    { participantId: ben.id, spatialLayer: 1, temporalLayer: 0 },
  );
  const whole = await timelineOf(await askingWith(server, { roomAdmin: true, room: 'guests' }), 'guests');
  t.equal(whole.participants.length, 3);
  t.equal(whole.events.find(({ type }) => type === 'layers')?.publisherId, monitor.id);
  const asMonitor = await timelineOf(await askingWith(server, {}, 'monitor'), call.sessionId);
  t.equal(asMonitor.participants.length, 3, 'oneself is there');

  for (const [grants, user, code] of [
    [{ roomJoin: true }, 'cleo', 403],
    [{ statsRead: true, room: 'tea' }, 'asker', 403],
    [{ room: 'tea' }, 'ben', 403],
  ] as const) {
    const ask = await askingWith(server, grants, user);
    t.match(await ask('GET', '/rooms/guests/timeline'), problem(code, 'forbidden'));
  }
  const everywhere = await askingWith(server, reader);
  t.match(await everywhere('GET', '/rooms/nowhere/timeline'), problem(404, 'not_found'));
});

t.test('who comes again and again hides nobody who stays', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'again', 0, 3_600);
  for (let n = 0; n < 201; n++) await call.join('troll', n, n + 1);
  const ada = await call.join('ada', 300, 3_600);
  const ask = await askingWith(server, reader);
  const { participants, isComplete } = await timelineOf(ask, 'again');
  t.equal(participants.length, 200);
  t.equal(participants.at(-1)?.participantId, ada.id, 'in the order in which they came');
  t.notOk(isComplete);
  const later = await timelineOf(ask, 'again', between(210, 3_600));
  t.match(later, { participants: [{ displayName: 'Ada' }], isComplete: true });
});

interface PathSeen {
  at: string;
  type: string;
  participantId: string;
  protocol: string;
  candidateType?: string;
}

/** The ways that are told, as seconds after T0 and what they are. */
async function pathsBy(ask: Ask, room: string, query = ''): Promise<string[]> {
  const events = (await timelineOf(ask, room, query)).events as unknown as PathSeen[];
  return events
    .filter(({ type }) => type === 'path')
    .map(({ at: when, protocol, candidateType = '' }) =>
      `${(Date.parse(when) - T0) / 1000} ${protocol} ${candidateType}`.trim(),
    );
}

t.test('a way that the browser has told of stays what it is, whatever part one asks for', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'relayed', 0, 7_200);
  const ada = await call.join('ada', 0, 7_200);
  const [carried, relayed] = [{ upBytes: 1 }, { reporter: 'browser', candidateType: 'relay' } as const];
  call.measure(ada, 'send', { from: 0, until: 7_200, every: 15, protocol: 'udp' }, carried);
  call.measure(ada, 'send', { from: 0, until: 600, every: 15, protocol: 'udp', ...relayed }, carried);
  call.measure(ada, 'recv', { from: 0, until: 7_200, every: 15, protocol: 'tcp' }, { downBytes: 1 });
  await call.write();
  const ask = await askingWith(server, reader);
  t.same((await pathsBy(ask, 'relayed')).sort(), ['0 tcp', '0 udp relay']);
  t.same((await pathsBy(ask, 'relayed', between(585, 660))).sort(), ['585 tcp', '585 udp relay']);
  t.same(await pathsBy(ask, 'relayed', between(600, 660)), ['600 tcp'], 'the browser was silent');
  t.same(await pathsBy(ask, 'relayed', between(7_000, 7_200)), ['6990 tcp'], 'hours ago, too');
});

t.test('the first way is told, however coarsely', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  for (const [room, people, hours] of [
    ['a-few', 5, 9],
    ['sixty', 60, 9],
  ] as const) {
    const until = 300 + hours * 3_600;
    const call = await RecordedCall.begin(pool, room, 300, until);
    const [short, long] = [await call.join('short', 300, 3_000), await call.join('long', 300, until)];
    for (const one of [short, long]) {
      call.measure(one, 'send', { from: 300, until: 3_000, every: 60, protocol: 'tcp' }, { upBytes: 1 });
    }
    call.measure(long, 'send', { from: 3_600, until, every: 60, protocol: 'udp' }, { upBytes: 1 });
    for (let n = 2; n < people; n++) await call.join(`user-${n}`, 300, until);
    await call.write();
    const ask = await askingWith(server, reader);
    t.same(await pathsBy(ask, room), ['300 tcp', '300 tcp', '3600 udp'], room);
    const later = `${between(2_100, until)}&step=300`;
    t.same(await pathsBy(ask, room, later), ['2100 tcp', '2100 tcp', '3600 udp'], `${room}, not before`);
    const over = `${between(3_300, until)}&step=300`;
    t.match((await pathsBy(ask, room, over)).at(-1), '3600 udp', `${room}, of who is there`);
  }
  const quick = await RecordedCall.begin(pool, 'quick', 0, 60);
  const ada = await quick.join('ada', 0, 60);
  quick.measure(ada, 'send', { from: 0, until: 60, protocol: 'udp' }, { upBytes: 1 });
  await quick.write();
  const ask = await askingWith(server, reader);
  t.same(await pathsBy(ask, 'quick', `${between(20, 28)}&step=4`), ['20 udp'], 'of samples too');
});
