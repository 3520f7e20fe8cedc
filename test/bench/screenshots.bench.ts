import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t from '../support/tap.ts';
import { projectRoot } from '../../server/root.ts';
import { joinRoom, testBrowser, tile } from '../support/browser.ts';
import { busyHour } from '../support/busy-hour.ts';
import { builtClient } from '../support/client.ts';
import { RecordedCall } from '../support/recorded-call.ts';
import { testServer } from '../support/server.ts';

/** Where the documents have their pictures. */
const FOLDER = join(projectRoot, 'docs', 'pictures');

const looks = [1280, 390].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);
type Look = (typeof looks)[number];

const heightOf = ({ width }: Look): number => (width > 1_000 ? 860 : 780);

const openPage = (browser: Browser, look: Look): Promise<Page> =>
  browser.newPage({
    viewport: { width: look.width, height: heightOf(look) },
    colorScheme: look.colorScheme,
    locale: 'en-GB',
    timezoneId: 'UTC',
  });

const keep = (page: Page, name: string, { width, colorScheme }: Look) =>
  page.screenshot({ path: join(FOLDER, `${name}-${width}-${colorScheme}.png`) });

t.test('pictures of the pages, for the documents', async (t) => {
  await mkdir(FOLDER, { recursive: true });
  const server = await testServer(t, { STATS_INTERVAL_MS: '1000' }, { clientDir: await builtClient() });
  const { pool } = server.database;
  await busyHour(pool, 'tea', 6);
  await busyHour(pool, 'weekly', 4);
  for (const [n, name] of ['interview-7', 'board', 'amber-otter-4821'].entries()) {
    const call = await RecordedCall.begin(pool, name, 4_000 + n * 900, 5_800 + n * 900);
    const person = await call.join('ines', 4_000 + n * 900, 5_800 + n * 900);
    const loss = n === 0 ? 0.03 : 0;
    const period = { from: 4_000 + n * 900, until: 4_000 + n * 900 + 1_200 };
    call.measure(person, 'recv', period, {
      downBytes: 900_000,
      downPackets: 1_000,
      downPacketsLost: 1_000 * loss,
    });
    await call.write();
  }
  const browser = await testBrowser(t, { whole: true, largePictures: true });
  for (const look of looks) {
    const page = await openPage(browser, look);
    await page.goto(`${server.url}/stats`);
    await page.locator('.past-room').first().waitFor();
    await keep(page, 'past-calls', look);
    await page.goto(`${server.url}/r/tea/stats`);
    await page.locator('.people tbody tr').last().waitFor();
    await keep(page, 'overview', look);
    const ben = page.getByRole('region', { name: 'Ben', exact: true });
    await ben.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const over = ben.locator('.u-over');
    const box = await over.boundingBox();
    await over.hover({ position: { x: (box?.width ?? 0) * (840 / 3_600), y: 60 } });
    await keep(page, 'charts', look);
    await page.close();
  }

  for (const look of looks) {
    const [ada, ben] = await Promise.all([openPage(browser, look), openPage(browser, looks[0] as Look)]);
    await joinRoom(ada, server.url, 'kitchen', 'Ada');
    await joinRoom(ben, server.url, 'kitchen', 'Ben');
    await tile(ada, 'Ben').locator('video').waitFor();
    await tile(ada, 'Ada')
      .getByRole('button', { name: /^Your connection: (good|fair)/ })
      .click();
    // Until the history is one.
    await ada.waitForTimeout(20_000);
    await keep(ada, 'sign', look);
    await Promise.all([ada, ben].map((page) => page.close()));
  }
});
