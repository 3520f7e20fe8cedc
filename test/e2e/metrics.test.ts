import t from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { Scrape } from '../support/metrics.ts';
import { lastWritten, testServer } from '../support/server.ts';

const WAYS = ['up', 'down'] as const;

t.test('the counters of media are what the database has of a real call', async (t) => {
  const server = await testServer(t, { STATS_INTERVAL_MS: '1000' }, { clientDir: await builtClient() });
  const browser = await testBrowser(t);
  const [ada, ben] = [await newPerson(browser), await newPerson(browser)];
  await joinRoom(ada.page, server.url, 'tea', 'Ada');
  await joinRoom(ben.page, server.url, 'tea', 'Ben');
  await until(
    'Ben is seen',
    () => framesShown(ada.page, 'Ben'),
    (frames) => frames > 20,
  );
  const bytes = (way: string) => `trivium_media_bytes_total{direction="${way}"}`;
  const early = await until(
    'a sample of each',
    () => Scrape.of(server),
    (scrape) => WAYS.every((way) => (scrape.value(bytes(way)) ?? 0) > 10_000),
  );
  await until(
    'more of them',
    () => Scrape.of(server),
    (scrape) => WAYS.every((way) => (scrape.value(bytes(way)) ?? 0) > (early.value(bytes(way)) ?? 0)),
  );
  // A connection that breaks, as one may that is closed with all of its browser, would keep its place for a while.
  await Promise.all([ada, ben].map(({ page }) => page.getByRole('button', { name: 'Leave' }).click()));
  await until(
    'the end',
    () => Scrape.of(server),
    (scrape) => scrape.value('trivium_participants') === 0,
  );
  await lastWritten(server.recorder);

  const { rows } = await server.database.pool.query<Record<string, string>>(
    `SELECT sum(up_bytes) AS up_bytes, sum(down_bytes) AS down_bytes,
       sum(up_packets) AS up_packets, sum(down_packets) AS down_packets,
       sum(up_packets_lost) AS up_packets_lost, sum(down_packets_lost) AS down_packets_lost, count(rtt_ms) AS trips
     FROM quality_samples WHERE reporter = 'server' AND track_id = transport_id`,
  );
  const scrape = await Scrape.of(server);
  for (const way of WAYS) {
    for (const what of ['bytes', 'packets', 'packets_lost']) {
      const counted = scrape.value(`trivium_media_${what}_total{direction="${way}"}`);
      t.equal(counted, Number(rows[0]?.[`${way}_${what}`]), `${way}: ${what}`);
      if (what !== 'packets_lost') t.ok((counted ?? 0) > 0);
    }
  }
  t.equal(scrape.value('trivium_media_round_trip_seconds_count'), Number(rows[0]?.['trips']));
  t.equal(scrape.value('trivium_samples_buffered'), 0);
});
