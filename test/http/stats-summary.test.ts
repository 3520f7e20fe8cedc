import t from '../support/tap.ts';
import { at, RecordedCall } from '../support/recorded-call.ts';
import { askingWith, problem, production } from '../support/rest.ts';
import { testServer } from '../support/server.ts';

const iso = (seconds: number) => new Date(at(seconds)).toISOString();
const MINUTES = 20;
const UNTIL = MINUTES * 60;

t.test('a call that was bad for some minutes, by one person’s way up', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'bad', 0, UNTIL);
  const [ada, ben, cleo] = [
    await call.join('ada', 0, UNTIL),
    await call.join('ben', 0, UNTIL),
    await call.join('cleo', 300, 900),
  ];
  const idle = await call.join('idle', 0, UNTIL);
  // In the minutes 5 to 7 Ben loses 12 % on the way up: what the others see stands still.
  const isBad = (n: number) => n >= 5 && n <= 7;
  for (const one of [ada, ben]) {
    const of = { from: 0, until: UNTIL, every: 60, protocol: 'udp' } as const;
    call.measure(one, 'send', of, (n) => ({
      upBytes: 3_750_000,
      upPackets: 1_000,
      upPacketsLost: one === ben && isBad(n) ? 120 : 1,
      rttMs: 40,
    }));
    call.measure(one, 'recv', of, { downBytes: 7_500_000, downPackets: 1_000, downPacketsLost: 0 });
    call.measure(one, 'recv', { ...of, reporter: 'browser', candidateType: 'host' }, (n) => ({
      freezes: one === ada && isBad(n) ? 4 : 0,
      freezeMs: one === ada && isBad(n) ? 9_000 : 0,
      downFps: 24,
    }));
  }
  call.measure(
    cleo,
    'recv',
    { from: 300, until: 900, every: 60 },
    { downPackets: 1_000, downPacketsLost: 0 },
  );
  await call.write();

  const ask = await askingWith(server, { statsRead: true });
  const { status, body } = await ask('GET', '/rooms/bad/summary');
  t.equal(status, 200);
  t.match(body, {
    room: { id: call.sessionId, name: 'bad', startedAt: iso(0), endedAt: iso(UNTIL) },
    from: iso(0),
    to: iso(UNTIL),
    durationMs: UNTIL * 1000,
    verdict: {
      severity: 'bad',
      side: 'participants',
      text: 'Ben: up to 12 % was lost on the way to the server, in 3 of 20 minutes.',
      participants: [ben.id],
    },
  });
  const people = new Map(
    (body['participants'] as { displayName: string }[]).map((one) => [one.displayName, one]),
  );
  t.match(people.get('Ben'), {
    participantId: ben.id,
    userId: 'ben',
    joinedAt: iso(0),
    leftAt: iso(UNTIL),
    leaveReason: 'left',
    durationMs: UNTIL * 1000,
    measuredMinutes: MINUTES,
    side: 'up',
    reasons: [{ what: 'up_loss', cause: 'participant', minutes: 3 }],
    path: { protocol: 'udp', candidateType: 'host' },
  });
  t.same((people.get('Ben') as unknown as { figures: object }).figures, {
    upBitrateBps: { min: 500_000, median: 500_000, p95: 500_000 },
    downBitrateBps: { min: 1_000_000, median: 1_000_000, p95: 1_000_000 },
    upLossRatio: { min: 0.001, median: 0.001, p95: 0.12 },
    downLossRatio: { min: 0, median: 0, p95: 0 },
    rttMs: { min: 40, median: 40, p95: 40 },
    freezes: { min: 0, median: 0, p95: 0 },
    freezeMs: { min: 0, median: 0, p95: 0 },
    downFps: { min: 24, median: 24, p95: 24 },
  });
  t.match(people.get('Ada'), {
    side: 'ok',
    reasons: [
      {
        what: 'freezes',
        cause: 'publisher',
        publisherId: ben.id,
        minutes: 3,
        text: 'Pictures stood still for up to 9 s a minute, in 3 of 20 minutes, when much was lost on Ben’s way to the server.',
      },
    ],
  });
  t.match(people.get('Cleo'), { side: 'ok', measuredMinutes: 10, durationMs: 600_000 });
  t.match(people.get('Idle'), { participantId: idle.id, side: 'unknown', measuredMinutes: 0, figures: {} });
  t.match(body['worstMinutes'], [
    ...[5, 6, 7].map((n) => ({
      at: iso(n * 60),
      displayName: 'Ben',
      side: 'up',
      cause: 'participant',
      reasons: ['up_loss'],
    })),
    ...[5, 6, 7].map((n) => ({
      at: iso(n * 60),
      displayName: 'Ada',
      side: 'down',
      cause: 'publisher',
      publisherId: ben.id,
    })),
  ]);
  t.match(body['figures'], {
    upBitrateBps: { min: 1_000_000, median: 1_000_000, p95: 1_000_000 },
    upLossRatio: { min: 0.001, median: 0.001, p95: 0.0605 },
  });

  const before = (await ask('GET', `/rooms/bad/summary?to=${iso(300)}`)).body;
  t.match(before, {
    from: iso(0),
    to: iso(300),
    verdict: { severity: 'good', side: 'none', participants: [] },
    worstMinutes: [],
  });
  t.same(
    (before['participants'] as { displayName: string }[]).map(({ displayName }) => displayName).sort(),
    ['Ada', 'Ben', 'Idle'],
    'who came later is not in it',
  );
});

t.test('a call that was bad for everybody, and one of which nothing is known', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'all', 0, 300);
  for (const name of ['ada', 'ben', 'cleo', 'dan']) {
    const one = await call.join(name, 0, 300);
    call.measure(one, 'recv', { from: 0, until: 300, every: 60 }, (n) => ({
      downPackets: 100,
      downPacketsLost: n === 2 ? 30 : 0,
    }));
  }
  await call.write();
  const empty = await RecordedCall.begin(server.database.pool, 'empty', 0, 300);
  await empty.join('ada', 0, 300);
  const ask = await askingWith(server, { roomAdmin: true });
  t.match((await ask('GET', '/rooms/all/summary')).body, {
    verdict: {
      severity: 'bad',
      side: 'server',
      participants: [],
      text: /^In one minute, first at .* look at the server/,
    },
    participants: [{ side: 'ok', reasons: [{ cause: 'server' }] }, {}, {}, {}],
  });
  t.match((await ask('GET', '/rooms/empty/summary')).body, {
    verdict: { severity: 'unknown', side: 'unknown' },
    participants: [{ side: 'unknown' }],
    figures: {},
  });
});

t.test('of a long session the last days, and others by their period', async (t) => {
  const server = await testServer(t, production);
  const days = 24 * 3_600;
  const call = await RecordedCall.begin(server.database.pool, 'long', -10 * days, 60);
  const ada = await call.join('ada', -10 * days, 60);
  call.measure(ada, 'send', { from: -8 * days, until: -8 * days + 60, every: 60 }, { rttMs: 900 });
  await call.write();
  const ask = await askingWith(server, { statsRead: true });
  t.match((await ask('GET', '/rooms/long/summary')).body, {
    from: iso(60 - 3 * days),
    to: iso(60),
    durationMs: (10 * days + 60) * 1000,
    verdict: { severity: 'unknown' },
  });
  const period = `from=${iso(-9 * days)}&to=${iso(-7 * days)}`;
  t.match((await ask('GET', `/rooms/long/summary?${period}`)).body, {
    verdict: { severity: 'bad', text: /900 ms/ },
    participants: [{ side: 'both', measuredMinutes: 1 }],
  });
  for (const query of [`from=${iso(-9 * days)}`, `from=${iso(60)}&to=${iso(0)}`, 'to=soon', 'step=60']) {
    t.match(await ask('GET', `/rooms/long/summary?${query}`), problem(400, 'bad_request'), query);
  }
});

t.test('who is hidden from somebody is nobody’s cause in what they are told', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'watched', 0, 300);
  const [ada, ben, monitor] = [
    await call.join('ada', 0, 300),
    await call.join('ben', 0, 300),
    await call.join('monitor', 0, 300, { hidden: true }),
  ];
  const of = { from: 0, until: 300, every: 60 } as const;
  call.measure(monitor, 'send', of, (n) => ({ upPackets: 100, upPacketsLost: n === 1 ? 50 : 0 }));
  call.measure(monitor, 'recv', of, (n) => ({ downPackets: 100, downPacketsLost: n === 2 ? 50 : 0 }));
  for (const one of [ada, ben]) {
    call.measure(one, 'recv', of, (n) => ({
      downPackets: 100,
      downPacketsLost: (n === 1 && one === ada) || n === 2 ? 40 : 0,
    }));
  }
  await call.write();
  const summaryFor = async (grants: object, user: string) =>
    (await (await askingWith(server, grants, user))('GET', '/rooms/watched/summary')).body;
  const seen = await summaryFor({}, 'ada');
  t.notMatch(JSON.stringify(seen), new RegExp(`${monitor.id}|Monitor|"publisher"|"server"`));
  t.match(seen, { verdict: { severity: 'bad', side: 'participants' } });
  for (const whole of [await summaryFor({ statsRead: true }, 'asker'), await summaryFor({}, 'monitor')]) {
    t.match(whole, { verdict: { severity: 'bad', side: 'both' } });
    t.match(JSON.stringify(whole), new RegExp(`"publisherId":"${monitor.id}"`));
  }
});

t.test('one packet that is lost of a few makes no call bad', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'quiet', 0, 300);
  const ada = await call.join('ada', 0, 300);
  const minutes = { from: 0, until: 300, every: 60 } as const;
  // As a muted microphone sends, and who comes at the end of a minute.
  call.measure(ada, 'send', minutes, (n) => ({
    upPackets: n === 0 ? 99 : 1_000,
    upPacketsLost: n === 0 ? 90 : 0,
    upAudioPackets: 4,
    upAudioPacketsLost: 1,
  }));
  call.measure(ada, 'recv', minutes, { downPackets: 60, downPacketsLost: 6, rttMs: 20 });
  await call.write();
  const ask = await askingWith(server, { statsRead: true });
  t.match((await ask('GET', '/rooms/quiet/summary')).body, {
    verdict: { severity: 'good', side: 'none' },
    worstMinutes: [],
    figures: { downLossRatio: { min: 0.1 }, upAudioLossRatio: { median: 0.25 } },
  });
  const { body } = await ask('GET', `/quality/rooms?name=quiet&from=${iso(0)}&to=${iso(300)}`);
  t.match(body['rooms'], [{ name: 'quiet', severity: 'good', measuredMinutes: 5, badMinutes: 0 }]);

  const heard = await RecordedCall.begin(server.database.pool, 'heard', 0, 60);
  const ben = await heard.join('ben', 0, 60);
  heard.measure(
    ben,
    'send',
    { from: 0, until: 60, every: 60 },
    { upAudioPackets: 100, upAudioPacketsLost: 5 },
  );
  await heard.write();
  t.match((await ask('GET', '/rooms/heard/summary')).body, {
    verdict: { severity: 'bad', side: 'participants' },
  });
});

t.test('of many the summary says whether it is of all', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'crowd', 0, 300);
  const ask = await askingWith(server, { statsRead: true });
  const complete = async () => {
    const { body } = await ask('GET', '/rooms/crowd/summary');
    return { isComplete: body['isComplete'], people: (body['participants'] as object[]).length };
  };
  t.same(await complete(), { isComplete: true, people: 0 });
  await Promise.all(Array.from({ length: 500 }, (_, n) => call.join(`guest ${n}`, 0, 300)));
  t.same(await complete(), { isComplete: true, people: 500 });
  await call.join('late', 290, 300);
  t.same(await complete(), { isComplete: false, people: 500 });
});
