import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import { framesShown, joinRoom, newPerson, testBrowser, until } from './browser.ts';
import { builtClient } from './client.ts';
import { restartableDatabase } from './restartable-postgres.ts';
import { allWritten, testServer, type TestServer } from './server.ts';

const INTERVAL_MS = 1_000;

/** Frames that are shown of somebody in an outage at least. */
const FRAMES = 20;

interface Row {
  transport_id: string;
  ended_at: Date;
  interval_ms: number;
}

/**
 * Two people call each other while the database falls, stays away for a time, in ms, and comes back: they see each other all
 * along, nobody has to come back, and not an interval of the call is missing from the record.
 */
export async function callWithoutDatabase(t: Test, awayMs: number): Promise<void> {
  const database = await restartableDatabase(t);
  const server = await testServer(
    t,
    { STATS_INTERVAL_MS: String(INTERVAL_MS) },
    { database, clientDir: await builtClient() },
  );
  const browser = await testBrowser(t);
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  await joinRoom(ada, server.url, 'tea', 'Ada');
  await joinRoom(ben, server.url, 'tea', 'Ben');
  await Promise.all([seenFor(ada, 'Ben', FRAMES), seenFor(ben, 'Ada', FRAMES)]);
  const { writer } = server.recorder;
  await until(
    'samples are written',
    () => Promise.resolve(writer.written),
    (written) => written > 0,
  );
  const before = presentIn(server);
  const states = await Promise.all([ada, ben].map(statesSeen));

  await database.crash();
  const fell = Date.now();
  await Promise.all([seenFor(ada, 'Ben', FRAMES), seenFor(ben, 'Ada', FRAMES)]);
  const { dropped } = writer;
  await until(
    'it is away for as long',
    () => Promise.resolve(Date.now() - fell),
    (ms) => ms > awayMs,
    awayMs + 10_000,
  );
  const waiting = writer.buffered;
  await Promise.all([seenFor(ada, 'Ben', FRAMES), seenFor(ben, 'Ada', FRAMES)]);
  await database.start();
  const back = Date.now();

  // An interval that is wholly after it is on record, too.
  await until(
    'samples are written again',
    () => rowsSince(server, back + INTERVAL_MS),
    (rows) => rows > 0,
    30_000,
  );
  t.comment(`${waiting} samples waited for the database, ${Math.round((back - fell) / 1_000)} s`);
  t.ok(waiting > 0);
  t.equal(writer.dropped - dropped, 0, 'there was room for all');
  t.same(presentIn(server), before, 'nobody had to come back');
  for (const seen of states) t.same(await seen(), [], 'nobody is told of anything');
  await Promise.all([ada, ben].map((page) => page.getByRole('button', { name: 'Leave' }).click()));
  await until(
    'the room is empty',
    () => Promise.resolve(server.rooms.rooms.size),
    (rooms) => rooms === 0 || presentIn(server).length === 0,
  );
  await allWritten(server.recorder);
  t.same(await gaps(server), [], 'every interval, once');
}

async function seenFor(page: Page, name: string, frames: number): Promise<void> {
  const before = await framesShown(page, name);
  await until(
    `${name} is seen for ${frames} frames`,
    () => framesShown(page, name),
    (now) => now >= before + frames,
  );
}

/** Everybody who is there. */
const presentIn = ({ rooms }: TestServer): string[] =>
  [...rooms.rooms].flatMap(({ participants }) => [...participants.keys()]).sort();

/** Notes the states other than connected that the page tells of from now on. @returns them. */
async function statesSeen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { statesSeen: seen });
    const look = () => {
      if (/Connecting again/.test(document.body.innerText)) seen.push('Connecting again');
    };
    new MutationObserver(look).observe(document.body, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  });
  return () => page.evaluate(() => (window as unknown as { statesSeen: string[] }).statesSeen);
}

async function rowsSince({ database }: TestServer, time: number): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM quality_samples WHERE ended_at > $1',
    [new Date(time)],
  );
  return rows[0]?.n ?? 0;
}

/** Where an interval of a transport, as the server measured it, does not begin when the last one has ended. */
async function gaps({ database }: TestServer): Promise<string[]> {
  const { rows } = await database.pool.query<Row>(
    `SELECT transport_id, ended_at, interval_ms FROM quality_samples
     WHERE reporter = 'server' AND track_id = transport_id ORDER BY transport_id, ended_at`,
  );
  return rows.flatMap(({ transport_id, ended_at, interval_ms }, index) => {
    const last = rows[index - 1];
    if (last?.transport_id !== transport_id) return [];
    const missing = ended_at.getTime() - interval_ms - last.ended_at.getTime();
    return Math.abs(missing) <= 1 ? [] : [`${transport_id}: ${missing} ms`];
  });
}
