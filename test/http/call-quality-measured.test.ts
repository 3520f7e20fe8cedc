import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { DAY, figures, HOUR, read, reportOf, send, type Answer } from '../support/call-quality.ts';
import { at, RecordedCall } from '../support/recorded-call.ts';
import { trackOf } from '../support/samples.ts';
import { testServer } from '../support/server.ts';

const entriesOf = (body: Answer, room: string, participant: string) =>
  (body[room]?.[participant] ?? []).map(({ time, ...entry }) => [
    (Date.parse(time) - at(0)) / 1000,
    ...(Object.keys(figures) as (keyof typeof figures)[]).map((name) => entry[name]),
  ]);

t.test('calls of this server are there alike', async (t) => {
  const server = await testServer(t);
  const call = await RecordedCall.begin(server.database.pool, 'ours', 0, 60);
  const ada = await call.join('ada', 0, 60);
  const ben = await call.join('ben', 0, 60);
  // A third of the packets are sounds. 12,500 bytes in 5 s are 20 kbit/s.
  const sent = { upBytes: 90_000, upPackets: 300, upAudioPackets: 100, upAudioPacketsLost: 50 };
  call.measure(ada, 'send', { from: 0, until: 15 }, { ...sent, upVideoBytes: 25_000, upPacketsLost: 63 });
  call.measure(ada, 'send', { from: 15, until: 30 }, { ...sent, upVideoBytes: 12_500, upPacketsLost: 58 });
  call.measure(
    ben,
    'recv',
    { from: 0, until: 30 },
    { downBytes: 9_000, downVideoBytes: 6_250, downPackets: 50, downPacketsLost: 5 },
  );
  // What the browser says, or is of one track, does not count again.
  const other = { upVideoBytes: 1e9, downVideoBytes: 1e9, upPackets: 1e6, downPackets: 1e6 };
  call.measure(ada, 'send', { from: 0, until: 30, reporter: 'browser' }, other);
  call.measure(ada, 'send', { from: 0, until: 30, track: trackOf() }, other);
  await call.write();

  const { body } = await read(server, { from: at(0), to: at(60) });
  t.equal(body['ours']?.['Ada']?.[0]?.roomName, 'ours');
  t.equal(body['ours']?.['Ada']?.[0]?.participant, 'Ada');
  t.same(entriesOf(body, 'ours', 'Ada'), [
    // 6.5 percent.
    [0, 40_000, 0, 7, 0],
    [15, 20_000, 0, 4, 0],
  ]);
  t.same(entriesOf(body, 'ours', 'Ben'), [
    [0, 0, 10_000, 0, 10],
    [15, 0, 10_000, 0, 10],
  ]);

  await send(server, reportOf({ roomName: 'ours', timestamp: at(7) }));
  const timesOf = async (period: { from: number; to: number }, participant: string) => {
    const { body } = await read(server, period);
    return entriesOf(body, 'ours', participant).map(([time]) => time);
  };
  t.same(
    await timesOf({ from: at(0), to: at(60) }, 'Ada'),
    [0, 7, 15],
    'among what clients reported of the same',
  );
  t.same(await timesOf({ from: at(5), to: at(20) }, 'Ben'), [5, 15], 'nothing begins before the period does');
  t.same(await timesOf({ from: at(20), to: at(22) }, 'Ben'), [20], 'a period within a step has that step');
  t.same(await timesOf({ from: at(61), to: at(90) }, 'Ada'), []);
});

t.test('there are entries where there was video', async (t) => {
  const server = await testServer(t);
  const call = await RecordedCall.begin(server.database.pool, 'video', 0, 60);
  const ada = await call.join('ada', 0, 60);
  const carried = {
    upBytes: 9_000,
    upPackets: 30,
    upPacketsLost: 2,
    upAudioPackets: 20,
    upAudioPacketsLost: 2,
  };
  // Sound alone, then video, then its camera rests, then its last losses are reported.
  const phases = [undefined, 5_000, 0, 0];
  for (const [n, upVideoBytes] of phases.entries()) {
    call.measure(
      ada,
      'send',
      { from: n * 15, until: n * 15 + 15 },
      {
        ...carried,
        ...(upVideoBytes === undefined ? {} : { upVideoBytes }),
        ...(n === 2 ? { upPackets: 20 } : {}),
      },
    );
  }
  // As it was recorded before bytes of videos were counted.
  const ben = await call.join('ben', 0, 60);
  call.measure(ben, 'send', { from: 0, until: 60 }, carried);
  // Both transports, and another one of the same participant, as of one who was reconnected.
  const cleo = await call.join('cleo', 0, 60);
  call.measure(cleo, 'send', { from: 0, until: 15 }, { upVideoBytes: 5_000, upPackets: 10 });
  call.measure(cleo, 'recv', { from: 0, until: 5 }, { downVideoBytes: 5_000, downPackets: 10 });
  call.measure(
    { ...cleo, recv: randomUUID() },
    'recv',
    { from: 5, until: 15 },
    { downVideoBytes: 10_000, downPackets: 10, downPacketsLost: 90 },
  );
  await call.write();
  const { body } = await read(server, { from: at(0), to: at(60) });
  t.same(entriesOf(body, 'video', 'Ada'), [
    [15, 8_000, 0, 0, 0],
    [45, 0, 0, 0, 0],
  ]);
  t.same(entriesOf(body, 'video', 'Cleo'), [[0, 8_000, 13_333, 0, 100]]);
  t.same(Object.keys(body['video'] ?? {}).sort(), ['Ada', 'Cleo']);
});

t.test('who is hidden is left out, and the same names are one', async (t) => {
  const server = await testServer(t);
  const call = await RecordedCall.begin(server.database.pool, 'names', 600, 700);
  const measure = async (userId: string, from: number, hidden = false) => {
    const person = await call.join(userId, 600, 700, { hidden });
    call.measure(person, 'recv', { from, until: from + 15 }, { downVideoBytes: 1_000 });
  };
  await measure('ada', 645);
  await measure('ada', 600);
  await measure('spy', 600, true);
  await call.write();
  const { body } = await read(server, { from: at(600), to: at(700) });
  t.same(Object.keys(body['names'] ?? {}), ['Ada']);
  t.same(
    body['names']?.['Ada']?.map(({ time }) => Date.parse(time)),
    [at(600), at(645)],
  );
});

t.test('steps are 15 s for some hours, and longer for longer periods', async (t) => {
  const server = await testServer(t);
  const call = await RecordedCall.begin(server.database.pool, 'steps', 3_600, 7_200);
  const ada = await call.join('ada', 3_600, 7_200);
  call.measure(ada, 'send', { from: 3_600, until: 7_200 }, (n) => ({
    upVideoBytes: n < 12 ? 5_000 : 10_000,
    upPackets: 10,
    upPacketsLost: n % 2,
  }));
  await call.write();
  for (const [hours, step] of [
    [6, 15],
    [12, 30],
    [24, 60],
    [48, 120],
    [7 * 24, 600],
    [29 * 24, 1_800],
  ] as const) {
    const to = at(7_200);
    const { body } = await read(server, { from: to - hours * HOUR, to });
    const entries = body['steps']?.['Ada'] ?? [];
    t.equal(entries.length, 3_600 / step, `${hours} hours`);
    t.same(
      entries.map(({ time }) => Date.parse(time)),
      entries.map((_, n) => at(3_600 + n * step)),
    );
    t.equal(
      entries[0]?.videoSendBitsPerSecond,
      Math.round(step <= 60 ? 8_000 : 16_000 - (8_000 * 60) / step),
    );
    t.ok(entries.every(({ videoSendPacketLoss }) => [3, 5, 7].includes(videoSendPacketLoss)));
  }
});

t.test('an answer is bounded', async (t) => {
  const server = await testServer(t);
  const from = Date.now() - 20 * DAY;
  const insert = (n: number) =>
    server.database.pool.query(
      `INSERT INTO call_quality_reports (measured_at, room_name, participant,
         video_send_bps, video_recv_bps, video_send_packet_loss, video_recv_packet_loss)
       SELECT $1::timestamptz + n * interval '1 ms', 'large', 'p' || n % 100, n, n, 0, 0 FROM generate_series(1, $2) n`,
      [new Date(from), n],
    );
  await insert(100_000);
  const all = await read(server, { from, to: from + HOUR });
  t.equal(all.status, 200);
  t.equal(Object.values(all.body['large'] ?? {}).flat().length, 100_000);
  await insert(1);
  const { status, body } = await read(server, { from, to: from + HOUR });
  t.equal(status, 400);
  t.match(
    body['msg'],
    /^From .* to .* there are more than 100000 entries\. Ask for a shorter period, by from and to\.$/,
  );
  t.equal((await read(server, { from, to: from + 50_000 })).status, 200);
});
