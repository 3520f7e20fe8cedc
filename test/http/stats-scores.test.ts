import t from '../support/tap.ts';
import { scoreOf, type ScoredFigures } from '../../server/stats/score/score.ts';
import type { Figures } from '../../server/stats/sample.ts';
import { at, RecordedCall, T0, type Person } from '../support/recorded-call.ts';
import { askingWith, problem, production, type Ask } from '../support/rest.ts';
import { testServer } from '../support/server.ts';

const iso = (seconds: number) => new Date(at(seconds)).toISOString();
const MINUTE = 60_000;

type Column<T = number> = (T | null)[];

interface Scored {
  participantId: string;
  userId?: string;
  displayName: string;
  score: Column;
  audio: Column;
  video: Column;
  reason: Column<string>;
  mean?: number;
  lowest?: number;
}

/** @returns somebody's scores by their names. */
async function scoresOf(ask: Ask, path: string): Promise<(name: string) => Scored> {
  const { status, body } = await ask('GET', path);
  if (status !== 200) throw new Error(JSON.stringify(body));
  const people = body['participants'] as Scored[];
  return (name) => {
    const found = people.find(({ displayName }) => displayName === name);
    if (!found) throw new Error(`${name} is not in ${JSON.stringify(people)}`);
    return found;
  };
}

/** The figures of somebody's minutes, as the API has them. */
async function minutesOf(ask: Ask, { id }: Person): Promise<ScoredFigures[]> {
  const fields =
    'upAudioLossRatio,downAudioLossRatio,upJitterMs,downJitterMs,rttMs,freezes,freezeMs,downFps,downFrameHeight';
  const { body } = await ask(
    'GET',
    `/participants/${id}/stats?step=60&fields=${fields}&from=${iso(0)}&to=${iso(300)}`,
  );
  const columns = Object.entries(body['fields'] as Record<string, Column>);
  return Array.from({ length: 5 }, (_, n) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[n] ?? undefined])),
  );
}

const isFalling = (column: Column) =>
  column.every((value, n) => value !== null && (n === 0 || value < (column[n - 1] ?? 0) - 0.05));

t.test('more loss and more freezes from minute to minute, and what pulled it down', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'worse', 0, 300);
  const [ada, ben, cleo, idle] = [
    await call.join('ada', 0, 300),
    await call.join('ben', 1, 300),
    await call.join('cleo', 2, 300),
    await call.join('idle', 3, 300),
  ];
  const of = { from: 0, until: 300, every: 60 } as const;
  const sound = (lost: number): Figures => ({
    upAudioPackets: 3_000,
    upAudioPacketsLost: 3_000 * lost,
    rttMs: 40,
    upJitterMs: 4,
  });
  const heard = (lost: number): Figures => ({
    downAudioPackets: 6_000,
    downAudioPacketsLost: 6_000 * lost,
    downJitterMs: 4,
  });
  const seen = (freezes: number): Figures => ({
    freezes,
    freezeMs: freezes * 900,
    downFps: 25,
    downFrameHeight: 720,
  });
  const losses = [0, 0.02, 0.05, 0.1, 0.2];
  const freezes = [0, 2, 5, 10, 20];
  const worse = (n: number) => losses[n] ?? 0;
  call.measure(ada, 'send', of, (n) => sound(worse(n)));
  call.measure(ada, 'recv', of, heard(0));
  call.measure(ben, 'send', of, sound(0));
  call.measure(ben, 'recv', of, (n) => heard(worse(n)));
  call.measure(cleo, 'send', of, sound(0));
  call.measure(cleo, 'recv', of, heard(0));
  call.measure(cleo, 'recv', { ...of, reporter: 'browser' }, (n) => seen(freezes[n] ?? 0));
  await call.write();
  const ask = await askingWith(server, { statsRead: true });
  const { body } = await ask('GET', '/rooms/worse/scores');
  t.match(body, {
    roomId: call.sessionId,
    roomName: 'worse',
    from: iso(0),
    to: iso(300),
    step: 60,
    time: [0, 1, 2, 3, 4].map((n) => T0 / 1000 + n * 60),
    participants: [ada, ben, cleo, idle].map(({ id, userId }) => ({ participantId: id, userId })),
    isComplete: true,
  });
  const scoredAs = await scoresOf(ask, '/rooms/worse/scores');
  for (const [name, reason] of [
    ['Ada', 'up_loss'],
    ['Ben', 'down_loss'],
    ['Cleo', 'freezes'],
  ] as const) {
    const { score, reason: reasons, lowest, mean } = scoredAs(name);
    t.ok(isFalling(score), `${name}: ${score.join(', ')}`);
    t.equal(score[0], 4.41);
    t.same(
      reasons,
      score.map((one) => (one !== null && one < 4 ? reason : null)),
    );
    t.equal(lowest, score[4]);
    const known = score.filter((one) => one !== null);
    t.ok(Math.abs((mean ?? 0) - known.reduce((sum, one) => sum + one, 0) / 5) <= 0.005);
  }
  t.same(scoredAs('Ada').video, new Array(5).fill(null), 'nothing is known of what she saw');
  t.ok(isFalling(scoredAs('Cleo').video));
  t.same(scoredAs('Cleo').audio, new Array(5).fill(4.41));
  t.match(scoredAs('Idle'), { score: new Array(5).fill(null), reason: new Array(5).fill(null) });
  t.notOk('mean' in scoredAs('Idle') || 'lowest' in scoredAs('Idle'));
  for (const one of [ada, ben, cleo]) {
    const { score, audio, video, reason } = scoredAs(
      one.userId.charAt(0).toUpperCase() + one.userId.slice(1),
    );
    const own = score.map((_, n) => ({
      score: score[n],
      audio: audio[n],
      video: video[n],
      reason: reason[n],
    }));
    const pure = (await minutesOf(ask, one)).map((figures) => ({
      score: null,
      audio: null,
      video: null,
      reason: null,
      ...scoreOf(figures, MINUTE),
    }));
    t.same(own, pure, 'as anybody computes it of the series');
  }
});

t.test('sound that hardly was is not judged, silence is', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'quiet', 0, 180);
  const ada = await call.join('ada', 0, 180);
  const packets = [0, 29, 150];
  call.measure(ada, 'send', { from: 0, until: 180, every: 60 }, (n) => ({
    upAudioPackets: packets[n] ?? 0,
    upAudioPacketsLost: n === 0 ? 0 : 15,
    rttMs: 900,
  }));
  await call.write();
  const { score, audio, video, reason } = (
    await scoresOf(await askingWith(server, { statsRead: true }), '/rooms/quiet/scores')
  )('Ada');
  t.same(score.slice(0, 2), [null, null]);
  t.match(audio, [null, null, Number]);
  t.same(video, [null, null, null]);
  t.same(reason.slice(0, 2), [null, null]);
});

t.test('a part of a session, and what is too much', async (t) => {
  const server = await testServer(t, production);
  const days = 24 * 3_600;
  const call = await RecordedCall.begin(server.database.pool, 'long', -10 * days, 60);
  const people = ['ada', 'ben', 'cleo', 'dan', 'eve', 'fay', 'gus', 'hal', 'ian', 'joe', 'kim', 'lou'];
  for (const name of people) await call.join(name, -2 * days, 60);
  const first = await call.join('early', -10 * days, -9 * days);
  call.measure(
    first,
    'send',
    { from: -10 * days, until: -10 * days + 120, every: 60 },
    { upAudioPackets: 3_000, upAudioPacketsLost: 0 },
  );
  await call.write();
  const ask = await askingWith(server, { statsRead: true });
  const short = `from=${iso(-10 * days + 61)}&to=${iso(-10 * days + 130)}`;
  t.match((await ask('GET', `/rooms/long/scores?${short}`)).body, {
    from: iso(-10 * days + 60),
    to: iso(-10 * days + 180),
    participants: [{ displayName: 'Early', score: [4.41, null] }],
  });
  t.equal(((await ask('GET', `/rooms/long/scores?${short}`)).body['participants'] as object[]).length, 1);
  t.match(
    await ask('GET', '/rooms/long/scores'),
    { status: 200, body: { from: iso(60 - 4166 * 60), to: iso(60), isComplete: true } },
    'the last minutes that fit',
  );
  t.match(await ask('GET', `/rooms/long/scores?from=${iso(60 - 3 * days)}`), {
    ...problem(400, 'bad_request'),
    body: {
      detail:
        'This would be 207360 values, 4 for each of 4320 minutes of 12 participants, and 200000 are the most. Send `from` and `to` that are at most 4166 minutes apart.',
    },
  });
  t.match(await ask('GET', `/rooms/long/scores?from=${iso(60 - 4166 * 60)}`), { status: 200 });
  t.match(await ask('GET', `/rooms/long/scores?from=${iso(0)}&to=${iso(0)}`), {
    status: 200,
    body: { time: [], participants: people.map(() => ({ score: [] })) },
  });
  for (const query of [`from=${iso(-9 * days)}`, `from=${iso(60)}&to=${iso(0)}`, 'to=soon', 'step=60']) {
    t.match(await ask('GET', `/rooms/long/scores?${query}`), problem(400, 'bad_request'), query);
  }
});

t.test('who may read it, and what of it', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'guests', 0, 60);
  const [ada, ben, monitor] = [
    await call.join('ada', 0, 60),
    await call.join('ben', 1, 60),
    await call.join('monitor', 2, 60, { hidden: true }),
  ];
  for (const one of [ada, ben, monitor]) {
    call.measure(one, 'recv', { from: 0, until: 60 }, { downAudioPackets: 100, downAudioPacketsLost: 20 });
  }
  await call.write();
  const [asAda, asMonitor, reader, admin, stranger, elsewhere] = [
    await askingWith(server, {}, 'ada'),
    await askingWith(server, {}, 'monitor'),
    await askingWith(server, { statsRead: true }),
    await askingWith(server, { roomAdmin: true, room: 'guests' }),
    await askingWith(server, { roomJoin: true, roomList: true }, 'cleo'),
    await askingWith(server, { statsRead: true, room: 'milk' }),
  ];
  for (const path of ['/rooms/guests/scores', `/rooms/${call.sessionId}/scores`]) {
    const own = (await asAda('GET', path)).body['participants'] as Scored[];
    t.same(
      own.map(({ displayName, userId }) => [displayName, userId]),
      [
        ['Ada', 'ada'],
        ['Ben', undefined],
      ],
    );
    t.equal(((await asMonitor('GET', path)).body['participants'] as object[]).length, 3, 'oneself is there');
    for (const ask of [reader, admin]) {
      const all = (await ask('GET', path)).body['participants'] as Scored[];
      t.same(
        all.map(({ userId }) => userId),
        ['ada', 'ben', 'monitor'],
      );
    }
    for (const ask of [stranger, elsewhere]) t.match(await ask('GET', path), problem(403, 'forbidden'));
  }
  t.match(await reader('GET', '/rooms/nowhere/scores'), problem(404, 'not_found'));
  await server.revocations.bar('ada', 'guests', []);
  t.match(await asAda('GET', '/rooms/guests/scores'), problem(403, 'forbidden'), 'who was removed');
});
