import t, { type Test } from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, testBrowser, tile, until } from '../support/browser.ts';
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

/** Those by one reporter of transports of one direction. */
const of = (rows: Row[], reporter: Row['reporter'], direction: Row['direction']): Row[] =>
  rows.filter((row) => row.reporter === reporter && row.direction === direction);

const some = (rows: Row[], name: keyof Row, more = 0): boolean =>
  rows.some((row) => row[name] !== null && Number(row[name]) > more);

/** What samples of a call of two do not say yet. Some of it comes later than the rest, which of it is chance. */
function missingIn(rows: Row[]): string[] {
  const [served, fetched] = [of(rows, 'server', 'send'), of(rows, 'server', 'recv')];
  const [sent, shown] = [of(rows, 'browser', 'send'), of(rows, 'browser', 'recv')];
  const wanted: Record<string, boolean> = {
    frames: some(shown, 'down_fps'),
    'bandwidth up': some(sent, 'up_available_bps', 100_000),
    'bandwidth down': some(fetched, 'down_available_bps', 100_000),
    'jitter and score up': served.some(
      ({ up_jitter_ms, score }) => up_jitter_ms !== null && (score ?? 0) > 5,
    ),
    'jitter and round trip down': fetched.some(
      ({ down_jitter_ms, rtt_ms }) => down_jitter_ms !== null && rtt_ms !== null,
    ),
    layers: fetched.some(({ kind, spatial_layer }) => kind === 'video' && spatial_layer !== null),
    'that pictures were asked for': some(served, 'up_plis'),
    'that nothing had to be sent again': served.some(({ up_nacks }) => up_nacks === '0'),
    'the protocol': rows.some(({ reporter, protocol }) => reporter === 'server' && protocol === 'udp'),
    'the way': rows.some(
      ({ reporter, candidate_type }) => reporter === 'browser' && candidate_type === 'host',
    ),
  };
  for (const [name, own] of Object.entries({ served, fetched, sent, shown })) {
    const [transports, tracks] = (['transport_id', 'track_id'] as const).map(
      (column) => new Set(own.map((row) => row[column])).size,
    );
    wanted[`${name}: two transports, each with a sound and a picture`] = transports === 2 && tracks === 6;
    const groups = groupsOf(own);
    wanted[`${name}: two intervals`] = groups.every(({ length }) => length >= 2);
    wanted[`${name}: bytes of videos`] = groups
      .filter(([one]) => one?.kind === null)
      .every((whole) => some(whole, 'up_video_bytes') || some(whole, 'down_video_bytes'));
  }
  return Object.keys(wanted).filter((name) => !wanted[name]);
}

/**
 * No interval begins before the last one has ended, and no rate is below 0 or beyond what a camera sends. What a shorter
 * interval has may have come at once: it counts as a whole one.
 */
function checkContinuity(t: Test, rows: Row[]): void {
  for (const group of groupsOf(rows)) {
    let ended = 0;
    for (const { ended_at, interval_ms, up_bitrate_bps, down_bitrate_bps } of group) {
      const began = ended_at.getTime() - interval_ms;
      if (began < ended - 1) t.fail(`an interval begins ${ended - began} ms before the last one ended`);
      ended = ended_at.getTime();
      for (const rate of [up_bitrate_bps, down_bitrate_bps]) {
        if (rate !== null && (rate < 0 || rate * Math.min(1, interval_ms / INTERVAL_MS) > 6e6))
          t.fail(`${rate} bit/s for ${interval_ms} ms`);
      }
    }
  }
}

/** The last samples of whole transports of some participants, by the server. */
const lastsOf = (rows: Row[], participants: string[]): Row[] =>
  groupsOf(
    rows.filter(
      ({ participant_id, reporter, kind }) =>
        participants.includes(participant_id) && reporter === 'server' && kind === null,
    ),
  ).flatMap((group) => group.at(-1) ?? []);

/** It goes on until its participant left. The worker may answer later, but is asked before that is noted. */
const isToTheEnd = ({ ended_at, left_at }: Row): boolean =>
  left_at !== null && left_at.getTime() - ended_at.getTime() < 250;

const isBen = ({ displayName }: { displayName: string }): boolean => displayName === 'Ben';

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
    const browser = await testBrowser(t, { whole: true });
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
    let first: Row[] = [];
    await until(
      'what the first intervals say',
      async () => missingIn((first = await samplesOf(server))),
      (missing) => missing.length === 0,
      60_000,
    );
    t.notOk(
      of(first, 'browser', 'recv').some(({ down_available_bps }) => down_available_bps !== null),
      'who sends knows the bandwidth down, and nobody else',
    );
    checkVideoBytes(t, first);

    // Away and back at once, in the middle of an interval; then everybody, as their worker dies.
    const tea = () => server.rooms.find('tea');
    const idOfBen = () => [...(tea()?.participants.values() ?? [])].find(isBen)?.id ?? '';
    const intervalBegins = () => new Promise<unknown>((resolve) => server.recorder.once('sampled', resolve));
    const leavers = [idOfBen()];
    await intervalBegins();
    await ben.page.getByRole('button', { name: 'Leave' }).click();
    await tile(ada.page, 'Ben').waitFor({ state: 'detached' });
    await joinRoom(ben.page, server.url, 'tea', 'Ben');
    await seen(ada.page, 'Ben');
    const former = tea();
    const pids = server.workers.workers.map(({ worker }) => worker.pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(
      'everybody is back',
      () => Promise.resolve(tea() === former ? 0 : tea()?.participants.size),
      (people) => people === 2,
    );
    await seen(ada.page, 'Ben');
    const present = [...(tea()?.participants.keys() ?? [])];
    await until(
      'two more intervals of all',
      async () => {
        const rows = await samplesOf(server);
        return groupsOf(rows.filter((row) => present.includes(row.participant_id))).map(
          ({ length }) => length,
        );
      },
      (intervals) => intervals.length === 24 && intervals.every((count) => count >= 2),
    );
    leavers.push(idOfBen());
    await intervalBegins();
    await ben.page.getByRole('button', { name: 'Leave' }).click();

    let rows: Row[] = [];
    await until(
      'all four transports are measured until Ben left',
      async () => lastsOf((rows = await samplesOf(server)), leavers).filter(isToTheEnd).length,
      (measured) => measured === 4,
    );
    checkContinuity(t, rows);
    t.ok(
      lastsOf(rows, leavers).some(({ interval_ms }) => interval_ms < INTERVAL_MS - 50),
      'by a last, shorter interval',
    );
    const { rows: rooms } = await server.database.pool.query<{ s: number; up: number; down: number }>(
      `SELECT extract(epoch FROM last_at - first_at)::float8 AS s, up_bytes::float8 AS up, down_bytes::float8 AS down
       FROM room_rollups WHERE reporter = 'server'`,
    );
    t.ok(rooms.length >= 6);
    for (const { s, up, down } of rooms) {
      const rates = [up, down].map((bytes) => (bytes * 8) / Math.max(s, INTERVAL_MS / 1_000));
      // Of the beginning of a bucket there may be nothing yet.
      const least = s < INTERVAL_MS / 1_000 ? 0 : 1;
      t.ok(
        rates.every((rate) => rate >= least && rate < 12e6),
        `${rates.join(', ')} bit/s`,
      );
    }
  },
);
