import t, { type Test } from 'tap';
import { framesShown, joinRoom, newPerson, testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { allWritten, testServer, type TestServer } from '../support/server.ts';

const INTERVAL_MS = 1_000;

interface Row {
  transport_id: string;
  track_id: string;
  participant_id: string;
  direction: 'send' | 'recv';
  kind: string | null;
  reporter: 'server' | 'browser';
  ended_at: Date;
  interval_ms: number;
  up_bitrate_bps: number | null;
  down_bitrate_bps: number | null;
  up_bytes: string | null;
  down_bytes: string | null;
  up_video_bytes: string | null;
  down_video_bytes: string | null;
  up_packets: string | null;
  down_packets: string | null;
  down_fps: number | null;
  up_available_bps: number | null;
  down_available_bps: number | null;
  up_jitter_ms: number | null;
  down_jitter_ms: number | null;
  rtt_ms: number | null;
  score: number | null;
  spatial_layer: number | null;
  up_plis: string | null;
  down_plis: string | null;
  up_nacks: string | null;
  protocol: string | null;
  candidate_type: string | null;
  left_at: Date | null;
}

async function samplesOf({ database, recorder }: TestServer): Promise<Row[]> {
  await allWritten(recorder);
  const { rows } = await database.pool.query<Row>(
    `SELECT s.*, t.participant_id, t.direction, tracks.kind, p.left_at
     FROM quality_samples s JOIN transports t ON t.id = s.transport_id JOIN participants p ON p.id = t.participant_id
     LEFT JOIN tracks ON tracks.id = s.track_id ORDER BY s.ended_at`,
  );
  return rows;
}

/** Those of one participant, by transport, whole or track, and reporter. */
const groupsOf = (rows: Row[]): Row[][] => {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.track_id} ${row.reporter}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
};

/** No interval begins before the last one has ended, and no rate is below 0 or beyond what a camera sends. */
function checkContinuity(t: Test, rows: Row[]): void {
  for (const group of groupsOf(rows)) {
    let ended = 0;
    for (const { ended_at, interval_ms, up_bitrate_bps, down_bitrate_bps } of group) {
      const began = ended_at.getTime() - interval_ms;
      if (began < ended - 1) t.fail(`an interval begins ${ended - began} ms before the last one ended`);
      ended = ended_at.getTime();
      for (const rate of [up_bitrate_bps, down_bitrate_bps]) {
        if (rate !== null && (rate < 0 || rate > 6e6)) t.fail(`${rate} bit/s`);
      }
    }
  }
}

/** What a transport says of its videos is what these say together. */
function checkVideoBytes(t: Test, rows: Row[]): void {
  const sum = (of: Row[], column: 'up_bytes' | 'down_bytes' | 'up_video_bytes' | 'down_video_bytes') =>
    of.reduce((total, row) => total + Number(row[column] ?? 0), 0);
  for (const whole of groupsOf(rows.filter(({ kind }) => kind === null))) {
    const { transport_id, reporter, direction } = whole[0] ?? {};
    const videos = rows.filter(
      (row) => row.kind === 'video' && row.transport_id === transport_id && row.reporter === reporter,
    );
    const [up, down] = [sum(videos, 'up_bytes'), sum(videos, 'down_bytes')];
    t.ok(up + down > 0, `${reporter}, ${direction}: ${up + down} bytes of videos`);
    t.same(
      [sum(whole, 'up_video_bytes'), sum(whole, 'down_video_bytes')],
      [up, down],
      'by the transport too',
    );
  }
}

t.test(
  'every transport and track is recorded by both ends, until the moment that somebody leaves',
  async (t) => {
    const server = await testServer(
      t,
      { STATS_INTERVAL_MS: String(INTERVAL_MS) },
      { clientDir: await builtClient() },
    );
    const browser = await testBrowser(t);
    const [ada, ben] = [await newPerson(browser), await newPerson(browser)];
    const seen = (page: typeof ada.page, name: string) =>
      until(
        `${name} is seen`,
        () => framesShown(page, name),
        (frames) => frames > 20,
      );
    await joinRoom(ada.page, server.url, 'tea', 'Ada');
    await joinRoom(ben.page, server.url, 'tea', 'Ben');
    await Promise.all([seen(ada.page, 'Ben'), seen(ben.page, 'Ada')]);
    const first = await until(
      'two intervals',
      () => samplesOf(server),
      (rows) => rows.length >= 48,
    );

    for (const reporter of ['server', 'browser']) {
      for (const direction of ['send', 'recv']) {
        const own = first.filter((row) => row.reporter === reporter && row.direction === direction);
        t.equal(new Set(own.map(({ transport_id }) => transport_id)).size, 2, `${reporter}, ${direction}`);
        t.equal(new Set(own.map(({ track_id }) => track_id)).size, 6, 'each with a sound and a picture');
      }
    }
    t.ok(first.some(({ reporter, protocol }) => reporter === 'server' && protocol === 'udp'));
    t.ok(first.some(({ reporter, candidate_type }) => reporter === 'browser' && candidate_type === 'host'));
    const bys = (reporter: Row['reporter'], direction: Row['direction']) =>
      first.filter((row) => row.reporter === reporter && row.direction === direction);
    t.ok(
      bys('browser', 'recv').some(({ down_fps }) => (down_fps ?? 0) > 0),
      'frames',
    );
    t.ok(
      bys('browser', 'send').some(({ up_available_bps }) => (up_available_bps ?? 0) > 100_000),
      'bandwidth up',
    );
    t.ok(
      bys('server', 'recv').some(({ down_available_bps }) => (down_available_bps ?? 0) > 100_000),
      'and down',
    );
    t.notOk(
      bys('browser', 'recv').some(({ down_available_bps }) => down_available_bps !== null),
      'as who sends knows it',
    );
    t.ok(
      bys('server', 'send').some(({ up_jitter_ms, score }) => up_jitter_ms !== null && (score ?? 0) > 5),
      'jitter and score up',
    );
    t.ok(
      bys('server', 'recv').some(({ down_jitter_ms, rtt_ms }) => down_jitter_ms !== null && rtt_ms !== null),
      'jitter and round trip down',
    );
    t.ok(
      bys('server', 'recv').some(({ kind, spatial_layer }) => kind === 'video' && spatial_layer !== null),
      'layers',
    );
    t.ok(
      bys('server', 'send').some(({ up_plis, up_nacks }) => Number(up_plis) > 0 && up_nacks === '0'),
      'pictures were asked for, and nothing was lost',
    );

    checkVideoBytes(t, first);

    // Away and back at once, in the middle of an interval; then everybody, as their worker dies.
    await ben.page.reload();
    await ben.page.getByRole('button', { name: 'Join', exact: true }).click();
    await seen(ada.page, 'Ben');
    const pids = server.workers.workers.map(({ worker }) => worker.pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(
      'everybody is back',
      () => Promise.resolve(server.rooms.rooms.size),
      (rooms) => rooms === 1,
    );
    await seen(ada.page, 'Ben');
    await until(
      'two more',
      () => samplesOf(server),
      (rows) => rows.filter(({ left_at }) => !left_at).length >= 24,
    );
    await ben.page.getByRole('button', { name: 'Leave' }).click();
    await until(
      'Ben has left',
      () => Promise.resolve([...server.rooms.rooms].map(({ participants }) => participants.size)),
      ([here]) => here === 1,
    );
    await server.rooms.recorded();

    const rows = await samplesOf(server);
    checkContinuity(t, rows);
    const lasts = [
      ...groupsOf(
        rows.filter(({ left_at, reporter, kind }) => left_at && reporter === 'server' && kind === null),
      ),
    ]
      .map((group) => group.at(-1))
      .filter((row) => row !== undefined);
    const toTheEnd = lasts.filter(
      ({ ended_at, left_at }) => Math.abs(ended_at.getTime() - (left_at?.getTime() ?? 0)) < 250,
    );
    t.ok(toTheEnd.length >= 4, `${toTheEnd.length} transports measured until their participant left`);
    t.ok(
      toTheEnd.some(({ interval_ms }) => interval_ms < INTERVAL_MS - 50),
      'by a last, shorter interval',
    );
    const { rows: rooms } = await server.database.pool.query<{ up: number; down: number }>(
      `SELECT up_bytes * 8 / extract(epoch FROM last_at - first_at)::float8 AS up,
       down_bytes * 8 / extract(epoch FROM last_at - first_at)::float8 AS down
     FROM room_rollups WHERE reporter = 'server'`,
    );
    t.ok(rooms.length >= 6);
    for (const { up, down } of rooms)
      t.ok(up > 0 && up < 12e6 && down > 0 && down < 12e6, `${up}, ${down} bit/s`);
  },
);
