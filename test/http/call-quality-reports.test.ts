import fc from 'fast-check';
import t from '../support/tap.ts';
import {
  DAY,
  figures,
  HOUR,
  read,
  reportOf,
  send,
  stored,
  type Answer,
  type Entry,
} from '../support/call-quality.ts';
import { testServer } from '../support/server.ts';

t.test('what clients report comes back, rounded, by room and participant in order of time', async (t) => {
  const server = await testServer(t);
  const now = Date.now();
  const report = (participant: string, ago: number, own = {}) =>
    reportOf({ roomName: 'their room', participant, timestamp: now - ago, ...own });
  t.same(
    await send(server, {
      ...report('Ada', 2_000, { more: 'of it' }),
      videoSendBitsPerSecond: 1234.5,
      videoRecvBitsPerSecond: '2500000.4',
      videoSendPacketLoss: 0.4,
      videoRecvPacketLoss: 0,
    }),
    {
      status: 201,
      body: {
        roomName: 'their room',
        participant: 'Ada',
        time: new Date(now - 2_000).toISOString(),
        videoSendBitsPerSecond: 1235,
        videoRecvBitsPerSecond: 2_500_000,
        videoSendPacketLoss: 0,
        videoRecvPacketLoss: 0,
      },
    },
  );
  for (const [participant, ago] of [
    ['Ada', 1_000],
    ['Ben', 5_000],
    ['Ada', 3_000],
    ['Ada', 3_000],
    ['Ada', -30_000],
  ] as const) {
    t.equal((await send(server, report(participant, ago))).status, 201);
  }
  const { status, body } = await read(server);
  t.equal(status, 200);
  const room = body['their room'] ?? {};
  t.same(Object.keys(room).sort(), ['Ada', 'Ben']);
  t.same(
    room['Ada']?.map(({ time }) => now - Date.parse(time)),
    [3_000, 3_000, 2_000, 1_000, -30_000],
    'also what a clock that is ahead says',
  );
  t.same(room['Ben'], [
    { roomName: 'their room', participant: 'Ben', time: new Date(now - 5_000).toISOString(), ...figures },
  ]);
});

t.test('a report may be text/plain, as sendBeacon sends it, or say nothing of what it is', async (t) => {
  const server = await testServer(t);
  for (const headers of [{ 'content-type': 'text/plain;charset=UTF-8' }, {}]) {
    const payload = JSON.stringify(reportOf());
    const answer = await server.app.inject({ method: 'POST', url: '/api/metrics', payload, headers });
    t.equal(answer.statusCode, 201);
  }
});

t.test('whatever figures fit are stored, and come back to the digit', async (t) => {
  const server = await testServer(t);
  const largest = Number.MAX_SAFE_INTEGER;
  const figure = fc.oneof(
    fc.maxSafeNat(),
    fc.double({ min: 0, max: 1e9, noNaN: true }),
    fc.constantFrom(0, -0, 0.49, largest),
  );
  const name = fc
    .oneof(
      fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme' }),
      fc.constantFrom('__proto__', 'constructor', 'toString', 'toJSON', '7', 'a/b?c', '"', '💜'.repeat(128)),
    )
    .filter((text) => text.trim() !== '' && !/\p{Cc}/u.test(text) && Array.from(text).length <= 128);
  await fc.assert(
    fc.asyncProperty(
      name,
      name,
      fc.tuple(figure, figure, figure, figure),
      async (roomName, participant, four) => {
        const given = Object.fromEntries(Object.keys(figures).map((field, n) => [field, four[n] ?? 0]));
        const timestamp = Date.now();
        const { status, body } = await send(server, { roomName, participant, timestamp, ...given });
        t.equal(status, 201);
        const rounded = Object.fromEntries(
          Object.entries(given).map(([field, value]) => [field, Math.abs(Math.round(value))]),
        );
        t.strictSame(body, { roomName, participant, time: new Date(timestamp).toISOString(), ...rounded });
        const all = await read(server, { from: timestamp, to: timestamp });
        const room = Object.getOwnPropertyDescriptor(all.body, roomName)?.value as Answer[string];
        const entries = Object.getOwnPropertyDescriptor(room, participant)?.value as Entry[];
        t.strictSame(entries.at(-1), body);
      },
    ),
    { numRuns: 60 },
  );
});

t.test('a bad report is refused by field and value, and stores nothing', async (t) => {
  const server = await testServer(t, { STATS_SAMPLE_DAYS: '30' });
  const before = await stored(server);
  const now = Date.now();
  const bad: [string, unknown][] = [
    ...[
      'videoSendBitsPerSecond',
      'videoRecvBitsPerSecond',
      'videoSendPacketLoss',
      'videoRecvPacketLoss',
    ].flatMap((field) =>
      [undefined, null, -1, -0.6, 2 ** 53, 1e300, '', ' ', 'x', '1x', '0x10', 'NaN', true, [], {}].map(
        (value): [string, unknown] => [field, value],
      ),
    ),
    ...['roomName', 'participant'].flatMap((field) =>
      [undefined, null, '', ' ', 7, {}, ['a'], 'x'.repeat(129), 'a\u0000b', 'a\nb', 'a\u0085b', '\ud800'].map(
        (value): [string, unknown] => [field, value],
      ),
    ),
    ...[
      undefined,
      null,
      '',
      'today',
      new Date(now).toISOString(),
      -1,
      0,
      Math.round(now / 1000),
      now - 31 * DAY,
      now + 120_000,
      1e300,
      {},
    ].map((value): [string, unknown] => ['timestamp', value]),
  ];
  for (const [field, value] of bad) {
    const { status, body } = await send(server, reportOf({ [field]: value }));
    t.equal(status, 400, `${field} ${JSON.stringify(value)}`);
    t.same(Object.keys(body), ['msg']);
    t.match(body.msg, value === undefined ? `${field} is missing: it must be` : `${field} is `);
    if (typeof value === 'number') t.match(body.msg, `is ${String(value)}: `);
  }
  for (const payload of ['', '{', '[]', 'null', '7', '"x"', '{"__proto__":{}}', 'roomName=x']) {
    const headers = { 'content-type': 'application/json' };
    const answer = await server.app.inject({ method: 'POST', url: '/api/metrics', payload, headers });
    t.equal(answer.statusCode, 400, payload);
    t.match(answer.json(), { msg: /JSON/ });
  }
  const infinite = JSON.stringify(reportOf({ videoSendPacketLoss: 0 })).replace('Loss":0', 'Loss":1e999');
  const answer = await server.app.inject({
    method: 'POST',
    url: '/api/metrics',
    payload: infinite,
    headers: { 'content-type': 'application/json' },
  });
  t.equal(answer.statusCode, 400);
  t.match(answer.json(), { msg: /^videoSendPacketLoss is Infinity: it must be a number from 0 to / });
  const large = await send(server, reportOf({ more: 'x'.repeat(70_000) }));
  t.equal(large.status, 413);
  t.same(Object.keys(large.body), ['msg']);
  t.equal(await stored(server), before);
});

t.test('a period is told by ISO 8601 or in ms, and both of its ends are part of it', async (t) => {
  const server = await testServer(t);
  const noon = Math.floor(Date.now() / DAY) * DAY - 3 * DAY + 12 * HOUR;
  const roomName = 'periods';
  const times = [noon - HOUR, noon, noon + 1, noon + HOUR];
  for (const timestamp of times) await send(server, reportOf({ roomName, timestamp }));
  await send(server, reportOf({ roomName }));
  const timesIn = async (query: Record<string, string | number>) =>
    ((await read(server, query)).body[roomName]?.['Ada'] ?? []).map(({ time }) => Date.parse(time));
  const date = new Date(noon).toISOString().slice(0, 10);

  t.equal((await timesIn({})).length, 1, 'without it: the last 24 hours');
  t.same(await timesIn({ from: noon, to: noon + HOUR }), times.slice(1));
  t.same(await timesIn({ from: noon, to: noon }), [noon]);
  t.same(await timesIn({ from: `${date}T12:00:00.001Z`, to: `${date}T13:00Z` }), times.slice(2));
  t.same(await timesIn({ from: `${date}T14:00:00+02:00`, to: `${date}T12:00:00` }), [noon]);
  t.same(await timesIn({ from: date, to: `${date}T12:00:00Z` }), times.slice(0, 2));
  t.same(await timesIn({ to: noon }), times.slice(0, 2), 'the 24 hours before');
  t.equal((await timesIn({ from: 0 })).length, 5, 'until now');
  t.same(await timesIn({ from: '1970-01-01', to: '2001-01-01' }), []);
  t.same(await timesIn({ from: Date.now() + 2 * HOUR, to: '2999-12-31' }), []);
});

t.test('a period that is none is refused', async (t) => {
  const server = await testServer(t);
  const bad = [
    '',
    'x',
    'yesterday',
    '2026-02-30',
    '2026-13-01',
    '2026-01-01T25:00Z',
    '1e300',
    '-1e300',
    'NaN',
  ];
  for (const value of [...bad, '2026-01-01 10:00', 'Jan 1 2026', 'x'.repeat(500), '20260101T100000Z']) {
    for (const name of ['from', 'to']) {
      const { status, body } = await read(server, { [name]: value });
      t.equal(status, 400, `${name}=${value.slice(0, 30)}`);
      t.match(body['msg'], `${name} is "${value.slice(0, 30)}`);
    }
  }
  for (const query of [
    { from: 2, to: 1 },
    { from: '2026-01-02', to: '2026-01-01' },
    { from: Date.now() + HOUR },
  ]) {
    const { status, body } = await read(server, query);
    t.equal(status, 400, JSON.stringify(query));
    t.match(body['msg'], /^from \(.*Z\) is after to \(.*\): send an earlier from, or a later to\.$/);
  }
  const twice = await server.app.inject('/api/metrics?from=1&from=2');
  t.equal(twice.statusCode, 400);
});
