import fc from 'fast-check';
import t from '../support/tap.ts';
import type { ReportedTransport } from '../../server/protocol/stats-report.ts';
import { mutated } from '../support/mutations.ts';
import { until } from '../support/browser.ts';
import { Peer } from '../support/peer.ts';
import { allWritten, testServer, type TestServer } from '../support/server.ts';
import { microphone } from '../support/tracks.ts';
import { camera } from '../support/watching.ts';

const reportOf = (transportId: string, known: Partial<ReportedTransport> = {}): ReportedTransport => ({
  transportId,
  atMs: 5_000,
  bytesSent: 1_000,
  bytesReceived: 100,
  tracks: [],
  ...known,
});

/** Stands for DTLS, which these peers do not speak: what is connected is recorded, from a ms after that on. */
function connect({ rooms }: TestServer, transportId: string): void {
  for (const { participants } of rooms.rooms) {
    for (const { transports } of participants.values()) {
      const transport = transports.all.find(({ id }) => id === transportId);
      transport?.observer.safeEmit('dtlsstatechange', 'connected');
    }
  }
  for (const connected = performance.now(); performance.now() < connected + 1;);
}

async function rowsOf({ database, recorder }: TestServer, transportId: string) {
  await allWritten(recorder);
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `SELECT * FROM quality_samples WHERE transport_id = $1 AND reporter = 'browser' ORDER BY ended_at, track_id`,
    [transportId],
  );
  return rows;
}

t.test('what a browser says of its transports is recorded, as its own word', async (t) => {
  const server = await testServer(t);
  const ada = await Peer.inRoom(t, server.url, 'tea');
  t.equal(ada.joined.statsIntervalMs, 5_000);
  const video = await camera(ada);
  const { producerId: audio } = await ada.request('produce', microphone(ada));
  const gone = 'closed meanwhile';
  connect(server, ada.send.id);
  await ada.request('reportStats', {
    transports: [
      reportOf(ada.send.id, {
        bytesSent: 9_000,
        rttMs: 12.5,
        availableBps: 2e6,
        protocol: 'udp',
        candidateType: 'relay',
        tracks: [
          { id: video, bytes: 6_000, nacks: 2, plis: 1, fps: 24, frameHeight: 720 },
          { id: audio, bytes: 2_000 },
          { id: gone, bytes: 1_000 },
        ],
      }),
      reportOf(ada.recv.id, { bytesSent: 10, bytesReceived: 0 }),
    ],
  });
  const rows = await rowsOf(server, ada.send.id);
  t.equal(rows.length, 3);
  t.match(
    rows.find(({ track_id }) => track_id === ada.send.id),
    {
      up_bytes: '9000',
      down_bytes: '100',
      up_video_bytes: '6000',
      down_video_bytes: null,
      up_packets: null,
      up_packets_lost: null,
      rtt_ms: 12.5,
      up_available_bps: 2e6,
      up_fps: 24,
      up_frame_height: 720,
      protocol: 'udp',
      candidate_type: 'relay',
      score: null,
    },
  );
  t.match(
    rows.find(({ track_id }) => track_id === video),
    {
      up_bytes: '6000',
      up_video_bytes: null,
      up_packets: null,
      up_nacks: '2',
      up_plis: '1',
      up_fps: 24,
      down_bytes: null,
    },
  );
  t.same(await rowsOf(server, ada.recv.id), [], 'of one that was never connected nothing');
});

t.test('it is believed about oneself alone, now and then, and within what a network carries', async (t) => {
  const server = await testServer(t);
  const [ada, ben] = [await Peer.inRoom(t, server.url, 'tea'), await Peer.inRoom(t, server.url, 'tea')];
  const report = (transport: ReportedTransport) => ada.request('reportStats', { transports: [transport] });
  await t.rejects(report(reportOf(ben.send.id)), { code: 'not_found' });
  await t.rejects(
    ada.request('reportStats', { transports: [reportOf(ada.recv.id), reportOf(ben.recv.id)] }),
    { code: 'not_found' },
  );
  t.same(await rowsOf(server, ada.recv.id), [], 'nothing of a report that is refused is recorded');
  const two = await until(
    'two within half a second',
    async () => {
      const began = performance.now();
      const [first, second] = await Promise.all(
        [5_000, 60_000].map((atMs) =>
          ada.raw('reportStats', { transports: [reportOf(ada.send.id, { atMs })] }),
        ),
      );
      return { first, second, ms: performance.now() - began };
    },
    ({ first, ms }) => first?.ok === true && ms < 500,
  );
  t.match(two.second, { ok: false, error: { code: 'rate_limited', retryAfterMs: Number } });
  const most = Number.MAX_SAFE_INTEGER;
  await t.rejects(report(reportOf(ada.recv.id, { bytesReceived: most })), {
    code: 'bad_request',
    message: /bytesReceived .* grew by/,
  });
  await t.rejects(
    ada.request('reportStats', { transports: [reportOf(ada.recv.id), reportOf(ada.recv.id)] }),
    {
      code: 'bad_request',
    },
  );
  for (const lie of [
    { nacks: most },
    { plis: most },
    { freezes: most },
    { freezeMs: most },
    { packetsLost: most },
  ]) {
    const tracks = [{ id: 'any', bytes: 0, ...lie }];
    const twice = [
      { id: 'any', bytes: 0 },
      { id: 'any', bytes: 0 },
    ];
    await t.rejects(report(reportOf(ada.recv.id, { tracks: twice })), {
      code: 'bad_request',
      message: /twice/,
    });
    await t.rejects(report(reportOf(ada.recv.id, { tracks })), { code: 'bad_request' }, JSON.stringify(lie));
  }
  connect(server, ada.recv.id);
  await until(
    'an honest one',
    async () => {
      await ada.raw('reportStats', { transports: [reportOf(ada.recv.id)] });
      return rowsOf(server, ada.recv.id);
    },
    (rows) => rows.length > 0,
  );
  const [honest, ...others] = await rowsOf(server, ada.recv.id);
  t.match(honest, { up_bytes: '1000' }, 'what was refused does not count in the next one');
  t.same(others, []);
  const stranger = await Peer.connect(t, server.url);
  await t.rejects(stranger.request('reportStats', { transports: [reportOf(ada.send.id)] }), {
    code: 'not_joined',
  });
});

t.test('counters that go back and forth count once', async (t) => {
  const server = await testServer(t);
  const [ada, ben] = [await Peer.inRoom(t, server.url, 'tea'), await Peer.inRoom(t, server.url, 'tea')];
  const { id } = await ada.request('consume', { producerId: await camera(ben) });
  connect(server, ada.recv.id);
  for (const bytes of [1, 0, 1, 0]) {
    const tracks = [{ id, bytes, freezes: 5, freezeMs: 900, packetsReceived: 10, packetsLost: 50 }];
    await until(
      'the next one is taken',
      () => ada.raw('reportStats', { transports: [reportOf(ada.recv.id, { tracks })] }),
      ({ ok }) => ok,
    );
  }
  const rows = (await rowsOf(server, ada.recv.id)).filter(({ track_id }) => track_id === ada.recv.id);
  const total = (name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);
  t.same([total('freezes'), total('freeze_ms'), total('down_packets_lost')], [5, 900, 50]);
});

t.test('a clock that runs ahead does not lead into the future', async (t) => {
  const server = await testServer(t);
  const ada = await Peer.inRoom(t, server.url, 'tea');
  connect(server, ada.send.id);
  for (let n = 1; n <= 4; n += 1) {
    const transports = [reportOf(ada.send.id, { atMs: n * 60_000, bytesSent: n * 1_000 })];
    await until(
      'the next one is taken',
      () => ada.raw('reportStats', { transports }),
      ({ ok }) => ok,
    );
  }
  const rows = await rowsOf(server, ada.send.id);
  t.ok(rows.length >= 3);
  const last = rows.at(-1)?.['ended_at'] as Date;
  t.ok(last.getTime() - Date.now() < 1_100, `${last.getTime() - Date.now()} ms ahead`);
});

t.test('reports cut and mutated: a clear answer each, and every row that is written is sane', async (t) => {
  const server = await testServer(t, { MESSAGES_PER_SECOND: '1000000', MESSAGES_BURST: '1000000' });
  const ada = await Peer.inRoom(t, server.url, 'tea');
  const video = await camera(ada);
  const track = {
    id: video,
    bytes: 1,
    packetsReceived: 1,
    nacks: 1,
    plis: 1,
    rttMs: 1,
    jitterMs: 1,
    fps: 1,
    frameHeight: 1,
  };
  await fc.assert(
    fc.asyncProperty(
      mutated({ transports: [reportOf('', { rttMs: 1, protocol: 'udp', tracks: [track, track] })] }),
      async (data) => {
        // One transport takes a report each half second: each of these has its own.
        const { id } = await ada.request('createTransport', { direction: 'send' }).catch(() => ada.send);
        const named = JSON.parse(
          JSON.stringify(data).replaceAll('"transportId":""', `"transportId":"${id}"`),
        ) as unknown;
        const answer = await ada.raw('reportStats', named);
        if (!answer.ok && answer.error.code === 'internal')
          throw new Error(JSON.stringify({ named, answer }));
        await ada.request('closeTransport', { transportId: id }).catch(() => undefined);
      },
    ),
    { seed: 20_261_121, numRuns: 400 },
  );
  await allWritten(server.recorder);
  t.equal(server.recorder.writer.unwritable, 0);
  t.equal(server.recorder.writer.dropped, 0);
  const { rows } = await server.database.pool.query(
    `SELECT * FROM quality_samples WHERE reporter = 'browser' AND (ended_at > now() + interval '1.5 s'
       OR up_bitrate_bps > 1e10 OR freeze_ms > 60000 OR up_nacks > 12 * (interval_ms + 1000))`,
  );
  t.same(rows, [], 'nothing from the future, and nothing that cannot be');
});
