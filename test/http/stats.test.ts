import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { fields, usualFields } from '../../server/stats/fields.ts';
import { at, RecordedCall, T0 } from '../support/recorded-call.ts';
import { askingWith, problem, production, type Ask } from '../support/rest.ts';
import { trackOf } from '../support/samples.ts';
import { testServer } from '../support/server.ts';
import { tokenOf } from '../support/tokens.ts';

type Column = (number | null)[];

interface Series {
  time: number[];
  fields: Record<string, Column>;
}

const reader = { statsRead: true };

const iso = (seconds: number) => new Date(at(seconds)).toISOString();
const between = (from: number, to: number) => `from=${iso(from)}&to=${iso(to)}`;

/** The columns of a series; of one field, that column. */
async function seriesAt(ask: Ask, path: string): Promise<Series> {
  const { status, body } = await ask('GET', path);
  if (status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body as unknown as Series;
}

t.test('what went in comes out: bitrates, ratios, means, nulls and zeros', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'figures', 0, 60);
  const ada = await call.join('ada', 0, 60);
  call.measure(
    ada,
    'send',
    { from: 0, until: 60 },
    {
      upBytes: 50_000,
      downBytes: 500,
      upPackets: 100,
      upPacketsLost: 5,
      upAudioPackets: 0,
      upAudioPacketsLost: 0,
      upJitterMs: 4,
      upNacks: 0,
      score: 10,
    },
  );
  call.measure(
    ada,
    'recv',
    { from: 0, until: 60 },
    { upBytes: 500, downBytes: 100_000, downPackets: 50, downPacketsLost: 80, rttMs: 40, score: 4 },
  );
  call.measure(
    ada,
    'recv',
    { from: 0, until: 60, reporter: 'browser' },
    {
      upBytes: 1,
      downBytes: 1,
      downPackets: 50,
      downPacketsLost: 1,
      rttMs: 60,
      freezes: 1,
      freezeMs: 250,
      downFps: 24,
    },
  );
  await call.write();
  const ask = await askingWith(server, reader);
  const everything = {
    upBitrateBps: 80_800,
    downBitrateBps: 160_800,
    upPackets: 1_200,
    downPackets: 600,
    upPacketsLost: 60,
    downPacketsLost: 960,
    upAudioPackets: 0,
    downAudioPackets: null,
    upLossRatio: 0.05,
    downLossRatio: 1,
    upAudioLossRatio: null,
    downAudioLossRatio: null,
    upNacks: 0,
    downNacks: null,
    upPlis: null,
    downPlis: null,
    freezes: 12,
    freezeMs: 3_000,
    rttMs: 40,
    upJitterMs: 4,
    downJitterMs: null,
    score: 7,
    upAvailableBps: null,
    downAvailableBps: null,
    upFps: null,
    downFps: 24,
    upFrameHeight: null,
    downFrameHeight: null,
  };
  t.same(Object.keys(everything), fields);
  const all = `fields=${fields.join()}`;
  for (const path of ['/rooms/figures', `/participants/${ada.id}`]) {
    for (const step of [60, 120]) {
      const series = await seriesAt(ask, `${path}/stats?step=${step}&${all}`);
      t.same(series.time, [T0 / 1000], path);
      t.same(
        Object.fromEntries(Object.entries(series.fields).map(([name, [value]]) => [name, value])),
        everything,
      );
    }
    const fine = await seriesAt(ask, `${path}/stats?step=5&${all}&${between(0, 60)}`);
    t.equal(fine.time.length, 12);
    t.same(fine.fields['upBitrateBps'], new Array(12).fill(80_800), 'of samples too');
    t.same(fine.fields['downLossRatio'], new Array(12).fill(1));
    t.same(fine.fields['score'], new Array(12).fill(7));
    t.same(fine.fields['upNacks'], new Array(12).fill(0), 'zero is not null');
    t.same(fine.fields['downNacks'], new Array(12).fill(null));
  }
  t.same(Object.keys((await seriesAt(ask, '/rooms/figures/stats')).fields), usualFields);
  const user = await seriesAt(ask, `/users/ada/stats?step=60&${between(0, 60)}&fields=upBitrateBps,score`);
  t.same(user.fields, { upBitrateBps: [80_800], score: [7] });
  const sent = await seriesAt(
    ask,
    `/transports/${ada.send}/stats?step=60&fields=upBitrateBps,downBitrateBps,score`,
  );
  t.same(sent.fields, { upBitrateBps: [80_000], downBitrateBps: [800], score: [10] });
  const browser = '/rooms/figures/stats?step=60&reporter=browser&fields=';
  t.match(await ask('GET', `${browser}rttMs,downLossRatio,freezes,score`), {
    body: {
      reporter: 'browser',
      fields: { rttMs: [60], downLossRatio: [0.02], freezes: [12], score: [null] },
    },
  });
  const byServer = await seriesAt(ask, `/transports/${ada.send}/stats?step=60&fields=rttMs`);
  t.same(byServer.fields, { rttMs: [null] }, 'nobody measured a round trip there');
});

t.test('a round trip that the server does not know is the browser’s', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'rtt', 0, 60);
  const ada = await call.join('ada', 0, 60);
  call.measure(ada, 'send', { from: 0, until: 30 }, { rttMs: 40 });
  call.measure(ada, 'send', { from: 0, until: 60, reporter: 'browser' }, { rttMs: 90 });
  await call.write();
  const ask = await askingWith(server, reader);
  const rtt = async (query: string) =>
    (await seriesAt(ask, `/rooms/rtt/stats?fields=rttMs&${query}`)).fields['rttMs'];
  t.same(await rtt('step=15'), [40, 40, 90, 90]);
  t.same(await rtt('step=15&reporter=browser'), [90, 90, 90, 90]);
  t.same(await rtt('step=60'), [40]);
});

t.test('edges, gaps and reconnects make neither dips nor spikes', async (t) => {
  const server = await testServer(t, production);
  const rate = { upBytes: 10_000 };
  const call = await RecordedCall.begin(server.database.pool, 'edges', 7, 290);
  const ada = await call.join('ada', 7, 290);
  const again = { id: ada.id, send: randomUUID(), recv: randomUUID() };
  // Joined at 7 s, reconnected at 32 s by another transport, silent from 67 to 182 s, goes on until 247 s.
  call.measure(ada, 'send', { from: 7, until: 32 }, rate);
  call.measure(again, 'send', { from: 32, until: 67 }, rate);
  call.measure(again, 'send', { from: 182, until: 247 }, rate);
  await call.write();
  const ask = await askingWith(server, reader);
  for (const path of ['/rooms/edges', `/participants/${ada.id}`]) {
    const bitrate = async (query: string) =>
      (await seriesAt(ask, `${path}/stats?fields=upBitrateBps&${query}`)).fields['upBitrateBps'];
    t.same(await bitrate('step=60'), [16_000, 16_000, null, 16_000, 16_000], path);
    const quarter = await bitrate('step=15');
    t.equal(quarter?.length, 20);
    t.same([...new Set(quarter)], [16_000, null]);
    t.same(quarter?.slice(5, 12), new Array(7).fill(null), 'from 75 to 180 s nothing is known');
    const seconds = await bitrate(`step=1&${between(0, 290)}`);
    t.equal(seconds?.length, 290);
    t.same([...new Set(seconds)], [null, 16_000]);
    t.same(
      [7, 66, 182, 246].map((n) => seconds?.[n]),
      new Array(4).fill(16_000),
    );
    t.same(
      [6, 67, 181, 247].map((n) => seconds?.[n]),
      new Array(4).fill(null),
    );
    t.same(
      await bitrate('step=3600'),
      [Math.round((25 * 10_000 * 8) / 240)],
      'by the time from first to last',
    );
  }
});

t.test('what runs now has a last step that is not over, and is right', async (t) => {
  const server = await testServer(t, production);
  const now = (Date.now() - T0) / 1000;
  const call = await RecordedCall.begin(server.database.pool, 'live', now - 100);
  const lea = await call.join('lea', now - 100);
  call.measure(
    lea,
    'send',
    { from: now - 100, until: now, every: 1 },
    { upBytes: 1_000, upPackets: 10, upPacketsLost: 1 },
  );
  await call.write();
  const ask = await askingWith(server, {}, 'lea');
  const lastStep = () => Math.floor((Date.now() - 1) / 60_000) * 60;
  for (const path of ['/rooms/live', `/participants/${lea.id}`, `/transports/${lea.send}`, '/users/lea']) {
    const before = lastStep();
    const { fields, time } = await seriesAt(ask, `${path}/stats?step=60&fields=upBitrateBps,upLossRatio`);
    const known = fields['upBitrateBps']?.filter((value) => value !== null) ?? [];
    t.ok(known.length >= 2 && known.every((value) => value === 8_000), `${path}: ${known.join()}`);
    t.same([...new Set(fields['upLossRatio']?.filter((value) => value !== null))], [0.1]);
    const last = time.at(-1) ?? NaN;
    t.ok(last >= before && last <= lastStep(), 'up to now');
  }
});

t.test('steps and periods: rounded outwards, sensible by themselves, and said', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'steps', 10, 7_000);
  const ada = await call.join('ada', 10, 100);
  call.measure(ada, 'send', { from: 12, until: 32, every: 1 }, { upBytes: 100 });
  await call.write();
  const ask = await askingWith(server, reader);
  const of = async (path: string) => (await ask('GET', path)).body;
  t.match(await of('/rooms/steps/stats'), {
    from: iso(0),
    to: iso(7_005),
    step: 15,
    resolution: '15s',
    reporter: 'server',
  });
  t.notOk('requestedStep' in (await of('/rooms/steps/stats?step=15')));
  t.match(await of('/rooms/steps/stats?step=20'), { step: 30, requestedStep: 20, resolution: '15s' });
  t.match(await of('/rooms/steps/stats?step=60'), { from: iso(0), to: iso(7_020), resolution: '60s' });
  t.match(await of('/rooms/steps/stats?step=1'), { step: 15, requestedStep: 1 }, 'more than an hour');
  t.match(await of(`/rooms/steps/stats?step=4&${between(13, 30)}`), {
    step: 4,
    resolution: 'sample',
    from: iso(12),
    to: iso(32),
  });
  t.match(await of(`/participants/${ada.id}/stats`), { from: iso(0), to: iso(105) });
  t.match(await of(`/transports/${ada.send}/stats`), { from: iso(0), to: iso(45) });
  const old = 'from=2020-01-01T00:00:00Z&to=2020-01-01T00:01:00Z';
  t.match(await of(`/rooms/steps/stats?step=5&${old}&fields=score`), {
    step: 15,
    requestedStep: 5,
    fields: { score: [null, null, null, null] },
  });
  const day = (await of('/users/ada/stats')) as { from: string; to: string; step: number };
  t.equal(day.step, 60);
  const [dayFrom, dayTo] = [Date.parse(day.from), Date.parse(day.to)];
  t.same([dayFrom % 60_000, dayTo % 60_000], [0, 0], 'in whole minutes');
  // At the very ms at which one begins there is nothing to round.
  t.ok([86_400_000, 86_460_000].includes(dayTo - dayFrom), 'the last 24 hours');

  for (const [query, detail] of [
    ['step=0', /step/],
    ['step=86401', /step/],
    ['step=1.5', /step/],
    ['fields=upBitrateBps,nothing', /has nothing, and there is no such figure\. There are upBitrateBps,/],
    ['fields=spatialLayer', /no such figure/],
    ['fields=', /fields/],
    ['percentiles=101', /101: they are from 0 to 100/],
    ['percentiles=1,2,3,4,5,6', /percentiles/],
    ['percentiles=-1', /percentiles/],
    [`percentiles=50&step=5&${between(0, 60)}`, /none in steps of 5 s.*step=15 or more/],
    [between(60, 0), /would end.*before it begins/],
    ['percentiles=50&from=' + iso(-100_000), /for a day at most/],
    ['from=yesterday', /from/],
    ['from=2020-01-01T00:00:00Z&step=15', /Ask for step=\d+/],
    ['format=xml', /format/],
    ['reporter=me', /reporter/],
    ['x=1', /x/],
  ] as const) {
    t.match(
      await ask('GET', `/rooms/steps/stats?${query}`),
      { ...problem(400, 'bad_request'), body: { detail } },
      query,
    );
  }
});

t.test('as CSV, by name or by what is accepted', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'csv', 0, 45);
  const ada = await call.join('ada', 0, 45);
  call.measure(ada, 'send', { from: 0, until: 15 }, { upBytes: 1_000, upPackets: 9, upPacketsLost: 3 });
  call.measure(ada, 'send', { from: 30, until: 45 }, { upBytes: 0, upPackets: 0, upPacketsLost: 0 });
  await call.write();
  const authorization = `Bearer ${await tokenOf('asker', reader)}`;
  const get = (query: string, accept?: string) =>
    server.app.inject({
      url: `/api/v1/rooms/csv/stats?fields=upBitrateBps,upLossRatio${query}`,
      headers: { authorization, ...(accept && { accept }) },
    });
  const csv = await get('&format=csv&percentiles=50');
  t.equal(csv.statusCode, 200);
  t.match(csv.headers, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': /attachment/,
    vary: /accept/i,
  });
  t.equal(
    csv.body,
    [
      'time,upBitrateBps,upLossRatio,upBitrateBps.p50,upLossRatio.p50',
      `${iso(0)},1600,0.333333,1600,0.333333`,
      `${iso(15)},,,,`,
      `${iso(30)},0,,0,`,
      '',
    ].join('\r\n'),
  );
  const typeOf = async (query: string, accept?: string) =>
    String((await get(query, accept)).headers['content-type']).split(';')[0];
  for (const [accept, type] of [
    ['text/csv', 'text/csv'],
    ['text/csv; q=0.9, */*; q=0.1', 'text/csv'],
    ['application/json, text/csv;q=0.5', 'application/json'],
    ['text/csv;q=0', 'application/json'],
    ['*/*', 'application/json'],
    [undefined, 'application/json'],
  ] as const) {
    t.equal(await typeOf('', accept), type, String(accept));
  }
  t.equal(await typeOf('&format=json', 'text/csv'), 'application/json', 'what is said goes first');
});

t.test('the way that media goes: each change, by the browser where it says it', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'paths', 0, 120);
  const ada = await call.join('ada', 0, 120);
  const carried = { upBytes: 1 };
  call.measure(ada, 'send', { from: 0, until: 120, every: 15, protocol: 'udp' }, carried);
  call.measure(
    ada,
    'send',
    { from: 0, until: 45, every: 15, reporter: 'browser', protocol: 'udp', candidateType: 'srflx' },
    carried,
  );
  call.measure(
    ada,
    'send',
    { from: 60, until: 120, every: 15, reporter: 'browser', protocol: 'tcp', candidateType: 'relay' },
    carried,
  );
  call.measure(ada, 'recv', { from: 3, until: 120, every: 9, protocol: 'tcp' }, carried);
  await call.write();
  const ask = await askingWith(server, reader);
  const sent = [
    { at: iso(0), transportId: ada.send, direction: 'send', protocol: 'udp', candidateType: 'srflx' },
    { at: iso(60), transportId: ada.send, direction: 'send', protocol: 'tcp', candidateType: 'relay' },
  ];
  const received = { at: iso(3), transportId: ada.recv, direction: 'recv', protocol: 'tcp' };
  const of = async (path: string) => (await ask('GET', `${path}/stats`)).body;
  t.same((await of(`/transports/${ada.send}`))['paths'], sent);
  t.same((await of(`/transports/${ada.recv}`))['paths'], [received]);
  const participant = await of(`/participants/${ada.id}`);
  t.same(participant['paths'], [sent[0], received, sent[1]]);
  t.match(participant, {
    participantId: ada.id,
    roomId: call.sessionId,
    userId: 'ada',
    displayName: 'Ada',
    transports: [
      { id: ada.send, direction: 'send' },
      { id: ada.recv, direction: 'recv' },
    ],
  });
});

t.test('the tracks of a transport, and the series of each', async (t) => {
  const server = await testServer(t, production);
  const call = await RecordedCall.begin(server.database.pool, 'tracks', 0, 90_000);
  const ada = await call.join('ada', 0, 90_000);
  const track = trackOf();
  call.measure(ada, 'recv', { from: 0, until: 60 }, { downBytes: 5_000 });
  call.measure(
    ada,
    'recv',
    { from: 0, until: 30, track, spatialLayer: 2, temporalLayer: 1 },
    { downBytes: 4_000 },
  );
  call.measure(
    ada,
    'recv',
    { from: 30, until: 60, track, spatialLayer: 0, temporalLayer: 1 },
    { downBytes: 1_000 },
  );
  await call.write();
  const ask = await askingWith(server, reader);
  const path = `/transports/${ada.recv}/stats`;
  const whole = await ask('GET', path);
  t.match(whole.body, {
    transportId: ada.recv,
    participantId: ada.id,
    roomId: call.sessionId,
    direction: 'recv',
  });
  t.same(whole.body['tracks'], [track]);
  const own = await ask(
    'GET',
    `${path}?track=${track.id}&step=20&fields=downBitrateBps,spatialLayer,temporalLayer`,
  );
  t.match(own.body, {
    trackId: track.id,
    step: 20,
    resolution: 'sample',
    time: [T0 / 1000, T0 / 1000 + 20, T0 / 1000 + 40],
  });
  t.same(own.body['fields'], {
    downBitrateBps: [6_400, 4_000, 1_600],
    spatialLayer: [2, 1, 0],
    temporalLayer: [1, 1, 1],
  });
  t.match((await ask('GET', `${path}?track=${track.id}`)).body, { step: 5, fields: { spatialLayer: Array } });
  for (const other of [randomUUID(), 'x', ada.recv]) {
    t.match(await ask('GET', `${path}?track=${other}`), problem(404, 'not_found'));
  }
  t.match(await ask('GET', `${path}?track=${track.id}&percentiles=50`), problem(400, 'bad_request'));
  t.match(await ask('GET', `${path}?track=${track.id}&${between(0, 90_000)}`), {
    ...problem(400, 'bad_request'),
    body: { detail: /at most 24 hours/ },
  });
});
