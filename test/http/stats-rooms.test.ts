import t from '../support/tap.ts';
import type { Figures } from '../../server/stats/sample.ts';
import { at, RecordedCall, type Person } from '../support/recorded-call.ts';
import { askingWith, problem, production, type Ask } from '../support/rest.ts';
import { testServer } from '../support/server.ts';

const MINUTES = 20;
const UNTIL = MINUTES * 60;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();
const between = (from: number, to: number) => `from=${iso(from)}&to=${iso(to)}`;
const reader = { statsRead: true };

interface Ranked {
  name: string;
  severity: string;
  measuredMinutes: number;
  noticeableMinutes: number;
  badMinutes: number;
  participantCount: number;
  worst?: { displayName: string; participantId: string; reasons: string[] };
}

async function roomsBy(ask: Ask, query: string): Promise<Ranked[]> {
  const { status, body } = await ask('GET', `/quality/rooms?${query}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body['rooms'] as Ranked[];
}

const namesBy = async (ask: Ask, query: string) => (await roomsBy(ask, query)).map(({ name }) => name);

/** What somebody sends in each of the call’s minutes. */
function send(call: RecordedCall, one: Person, begin: number, lost: (minute: number) => Figures): void {
  call.measure(one, 'send', { from: begin, until: begin + UNTIL, every: 60 }, (n) => ({
    upPackets: 1_000,
    upPacketsLost: 0,
    ...lost(n),
  }));
}

t.test('the worst calls of a time, for whom they were worst, and why', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  // An hour before what other tests have.
  const BEGIN = -36_000;
  const of = (name: string) => RecordedCall.begin(pool, name, BEGIN, BEGIN + UNTIL);
  const [good, silent, meh, bad, worse] = [
    await of('good'),
    await of('silent'),
    await of('meh'),
    await of('bad'),
    await of('worse'),
  ];
  const join = (call: RecordedCall, who: string) => call.join(who, BEGIN, BEGIN + UNTIL);
  send(good, await join(good, 'ada'), BEGIN, (n) => (n < 1 ? { upPacketsLost: 30 } : {}));
  await join(silent, 'ada');
  send(meh, await join(meh, 'ada'), BEGIN, (n) => (n < 2 ? { upPacketsLost: 30 } : {}));
  send(meh, await join(meh, 'ben'), BEGIN, () => ({}));
  const [ada, ben] = [await join(bad, 'ada'), await join(bad, 'ben')];
  send(bad, ada, BEGIN, (n) => (n < 2 ? { upPacketsLost: 30 } : {}));
  send(bad, ben, BEGIN, (n) => ({
    upPacketsLost: n < 2 ? 60 : n < 3 ? 30 : 0,
    rttMs: n < 5 ? 700 : 50,
  }));
  send(worse, await join(worse, 'cleo'), BEGIN, (n) => (n < 6 ? { upPacketsLost: 60 } : {}));
  for (const call of [good, silent, meh, bad, worse]) await call.write();

  const ask = await askingWith(server, reader);
  const period = between(BEGIN, BEGIN + UNTIL);
  const { status, body } = await ask('GET', `/quality/rooms?${period}`);
  t.equal(status, 200);
  t.match(body, { from: iso(BEGIN), to: iso(BEGIN + UNTIL), order: 'worst', isComplete: true });
  const rooms = body['rooms'] as Ranked[];
  t.same(
    rooms.map((one) => [one.name, one.severity, one.measuredMinutes, one.noticeableMinutes, one.badMinutes]),
    [
      ['worse', 'bad', 20, 0, 6],
      ['bad', 'bad', 40, 2, 5],
      ['meh', 'noticeable', 40, 2, 0],
      ['good', 'good', 20, 1, 0],
      ['silent', 'unknown', 0, 0, 0],
    ],
  );
  t.same(rooms[1], {
    id: bad.sessionId,
    name: 'bad',
    startedAt: iso(BEGIN),
    endedAt: iso(BEGIN + UNTIL),
    participantCount: 2,
    measuredMinutes: 40,
    noticeableMinutes: 2,
    badMinutes: 5,
    severity: 'bad',
    worst: { participantId: ben.id, displayName: 'Ben', reasons: ['rtt', 'up_loss'] },
  });
  t.notOk(rooms[4] && 'worst' in rooms[4]);
  for (const { name, severity } of rooms) {
    const summary = await ask('GET', `/rooms/${name}/summary?${period}`);
    t.match(summary.body, { verdict: { severity } }, `${name}: as its summary says`);
  }
  t.same(await namesBy(ask, `${period}&limit=2`), ['worse', 'bad']);
  t.same(await namesBy(ask, `${period}&name=meh`), ['meh']);
  t.same(await namesBy(ask, `${period}&name=nowhere`), []);
  t.match(
    await roomsBy(ask, `${between(BEGIN + 360, BEGIN + UNTIL)}&name=worse`),
    [{ measuredMinutes: 14, badMinutes: 0, severity: 'good' }],
    'of that time alone',
  );
});

t.test('sessions that were open in a time, and their order', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const BEGIN = -18_000;
  for (const [from, until] of [
    [0, 600],
    [700, 1_200],
    [1_200, 1_800],
    [1_800, undefined],
  ] as const) {
    const call = await RecordedCall.begin(pool, `from-${from}`, BEGIN + from, until && BEGIN + until);
    const person = await call.join('opener', BEGIN + from, until && BEGIN + until);
    const { from: first, until: last } = { from: BEGIN + from, until: BEGIN + (until ?? 2_400) };
    call.measure(
      person,
      'send',
      { from: first, until: last, every: 60 },
      { upPackets: 100, upPacketsLost: 0 },
    );
    await call.write();
  }
  const ask = await askingWith(server, {}, 'opener');
  const latest = (from: number, to: number) =>
    namesBy(ask, `order=latest&${between(BEGIN + from, BEGIN + to)}`);
  t.same(await latest(0, 1_860), ['from-1800', 'from-1200', 'from-700', 'from-0']);
  t.same(await latest(600, 660), []);
  t.same(await latest(1_200, 1_800), ['from-1200']);
  t.same(await latest(86_400, 86_460), ['from-1800'], 'what is open goes on');
  t.same(await namesBy(ask, `order=latest&limit=2&${between(BEGIN, BEGIN + 1_860)}`), [
    'from-1800',
    'from-1200',
  ]);
  t.same(
    await namesBy(ask, between(BEGIN, BEGIN + 1_860)),
    ['from-1800', 'from-1200', 'from-700', 'from-0'],
    'what is as bad: the latest first',
  );
  t.match((await ask('GET', '/quality/rooms')).body['rooms'], [{ name: 'from-1800' }], 'the last day');

  for (const [query, detail] of [
    [between(60, 0), /at most 31 days.*earlier one first/],
    [between(-40 * 86_400, 0), /at most 31 days/],
    ['limit=0', /limit/],
    ['limit=201', /limit/],
    ['order=best', /order/],
    ['name=a%20b', /name/],
    ['from=yesterday', /from/],
  ] as const) {
    const refused = await ask('GET', `/quality/rooms?${query}`);
    t.match(refused, { ...problem(400, 'bad_request'), body: { detail } }, query);
  }
  t.match(await ask('GET', `/quality/rooms?${between(-31 * 86_400, 0)}`), { status: 200 });
});

t.test('who sees which sessions, and whom in them', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const BEGIN = -72_000;
  const period = between(BEGIN, BEGIN + UNTIL);
  const join = (call: RecordedCall, who: string, hidden = false) =>
    call.join(who, BEGIN, BEGIN + UNTIL, { hidden });
  const of = (name: string) => RecordedCall.begin(pool, name, BEGIN, BEGIN + UNTIL);
  const [first, second, other] = [await of('tea'), await of('tea'), await of('milk')];
  send(first, await join(first, 'lucy'), BEGIN, (n) => (n < 1 ? { upPacketsLost: 60 } : {}));
  const monitor = await join(first, 'monitor', true);
  send(first, monitor, BEGIN, () => ({ upPacketsLost: 100 }));
  send(second, await join(second, 'mary'), BEGIN, () => ({}));
  send(other, await join(other, 'lucy'), BEGIN, () => ({}));
  for (const call of [first, second, other]) await call.write();

  const by = async (grants: object, user?: string) => namesBy(await askingWith(server, grants, user), period);
  t.same((await by(reader)).sort(), ['milk', 'tea', 'tea']);
  for (const grants of [{ statsRead: true }, { roomAdmin: true }]) {
    t.same(await by({ ...grants, room: 'tea' }), ['tea', 'tea'], JSON.stringify(grants));
  }
  t.same(await by({}, 'lucy'), ['tea', 'milk']);
  t.same(await by({ room: 'tea' }, 'lucy'), ['tea'], 'a token for a room is for no other');
  t.same(await by({ roomJoin: true, roomList: true, roomAdmin: true }, 'mary'), ['tea']);
  t.same(await by({}, 'stranger'), []);
  const nobody = await server.app.inject('/api/v1/quality/rooms');
  t.equal(nobody.statusCode, 401);
  const ofMilk = await askingWith(server, { ...reader, room: 'milk' });
  t.match(await ofMilk('GET', '/quality/rooms?name=tea'), problem(403, 'forbidden'));

  const told = async (grants: object, user: string) =>
    (await roomsBy(await askingWith(server, grants, user), period)).find(
      ({ participantCount, badMinutes }) => participantCount === 2 || badMinutes > 0,
    );
  t.match(await told({}, 'lucy'), {
    participantCount: 1,
    measuredMinutes: 20,
    badMinutes: 1,
    worst: { displayName: 'Lucy', reasons: ['up_loss'] },
  });
  const all = { participantCount: 2, measuredMinutes: 40, badMinutes: 21 };
  t.match(await told(reader, 'asker'), { ...all, worst: { participantId: monitor.id } });
  t.match(await told({}, 'monitor'), all, 'oneself is there');

  // A token that was made later lets in again.
  const removed = await askingWith(server, {}, 'lucy');
  await server.revocations.bar('lucy', 'tea', []);
  t.same(await namesBy(removed, period), ['milk'], 'nothing of what one was removed from');
  t.match(await removed('GET', '/quality/rooms?name=tea'), problem(403, 'forbidden'));
});

t.test('what is too much to look at is left out, the earliest first', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const DAY = 86_400;
  const [BEGIN, END] = [-10 * DAY, -9 * DAY];
  const crowd = await RecordedCall.begin(pool, 'crowd', BEGIN, END);
  for (let n = 0; n < 20; n++) await crowd.join(`user-${n}`, BEGIN, END);
  const few = await RecordedCall.begin(pool, 'few', BEGIN + 60, END);
  await few.join('ada', BEGIN + 60, END);
  const ask = await askingWith(server, reader);
  const of = async (query: string) => (await ask('GET', `/quality/rooms?${query}`)).body;
  t.match(await of(between(BEGIN, END)), { rooms: [{ name: 'few' }], isComplete: false });
  t.match(await of(between(BEGIN, END - 3_600)), {
    rooms: [{ name: 'few' }, { name: 'crowd' }],
    isComplete: true,
  });
  t.match(await of(`name=crowd&${between(BEGIN, END)}`), { rooms: [{ name: 'crowd' }], isComplete: true });
});

t.test('what fits is looked at, whatever does not', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const DAY = 86_400;
  const [BEGIN, END] = [-20 * DAY, -19 * DAY];
  const bad = await RecordedCall.begin(pool, 'lossy', BEGIN, END);
  const ada = await bad.join('ada', BEGIN, BEGIN + UNTIL);
  send(bad, ada, BEGIN, () => ({ upPacketsLost: 100 }));
  await bad.write();
  const crowd = await RecordedCall.begin(pool, 'crowded', BEGIN + 60, END);
  for (let n = 0; n < 22; n++) await crowd.join(`user-${n}`, BEGIN + 60, END);
  const ask = await askingWith(server, reader);
  const { body } = await ask('GET', `/quality/rooms?${between(BEGIN, END)}`);
  t.match(body, { rooms: [{ name: 'lossy', severity: 'bad' }], isComplete: false });
  t.equal((body['rooms'] as Ranked[]).length, 1);
});

t.test('rooms that nobody was in hide nothing', async (t) => {
  const server = await testServer(t, production);
  const { pool } = server.database;
  const BEGIN = -100 * 3_600;
  const bad = await RecordedCall.begin(pool, 'hidden-by-none', BEGIN, BEGIN + UNTIL);
  send(bad, await bad.join('ada', BEGIN, BEGIN + UNTIL), BEGIN, () => ({ upPacketsLost: 100 }));
  await bad.write();
  const empty = await RecordedCall.begin(pool, 'empty', BEGIN + 1, BEGIN + UNTIL);
  await pool.query(
    `INSERT INTO room_sessions SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid()))).*
     FROM room_sessions s, generate_series(1, 1001) WHERE s.id = $1`,
    [empty.sessionId],
  );
  const early = await RecordedCall.begin(pool, 'early', BEGIN + 1, BEGIN + UNTIL);
  await early.join('ben', BEGIN + 1, BEGIN + 60);
  const watched = await RecordedCall.begin(pool, 'watched', BEGIN, BEGIN + UNTIL);
  await watched.join('ada', BEGIN, BEGIN + 60);
  await watched.join('monitor', BEGIN, BEGIN + UNTIL, { hidden: true });

  const later = between(BEGIN + 120, BEGIN + UNTIL);
  const ask = await askingWith(server, reader);
  t.match((await ask('GET', `/quality/rooms?${later}`)).body, {
    rooms: [{ name: 'hidden-by-none', severity: 'bad' }, { name: 'watched' }],
    isComplete: true,
  });
  t.same(await namesBy(ask, `${later}&name=early`), [], 'nobody was there any more');
  t.same(
    await namesBy(await askingWith(server, {}, 'ada'), later),
    ['hidden-by-none'],
    'nobody whom one may know of',
  );
});
