import type { Locator, Page } from 'playwright-core';
import t from '../support/tap.ts';
import { testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { at, RecordedCall } from '../support/recorded-call.ts';
import { testServer } from '../support/server.ts';

/** When everybody had left, and when the session was over, in seconds from its beginning. */
const [LEFT, OVER] = [3_600, 3_900];
/** Of the steps that a part is read in, in ms. */
const FINE_MS = 5_000;
/** Of the steps of the whole call, in seconds. */
const WHOLE_S = 15;

const chartOf = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });

const iso = (seconds: number) => new Date(at(seconds)).toISOString();

/** Until a table that is open, and so the chart above it, has the short steps of a part. */
async function isFine(card: Locator): Promise<void> {
  await until(
    'a part is read in short steps',
    () =>
      card.locator('tbody time').evaluateAll((all) => all.map((one) => (one as HTMLTimeElement).dateTime)),
    ([one = '', other = '']) => Date.parse(other) - Date.parse(one) === FINE_MS,
  );
}

/** In UTC. @param ms Since the epoch. */
const secondsOfDay = (ms: number): number => (ms / 1_000) % 86_400;

/** The time of day at the cursor, in seconds. */
async function timeAtCursor(card: Locator): Promise<number> {
  const [hours = NaN, minutes = NaN, seconds = NaN] = (await card.locator('.chart-at').innerText())
    .split(':')
    .map(Number);
  return (hours * 60 + minutes) * 60 + seconds;
}

t.test('parts of a long call, by mouse and keys', async (t) => {
  const server = await testServer(t, {}, { clientDir: await builtClient() });
  const call = await RecordedCall.begin(server.database.pool, 'long', 0, OVER);
  // No axis changes from one part to another: all of it is below where axes end at least.
  for (const [name, until] of [
    ['ada', LEFT],
    ['ben', LEFT / 2],
  ] as const) {
    const person = await call.join(name, 0, until);
    const figures = { upBytes: 50_000, upPackets: 500, upPacketsLost: 0 };
    call.measure(person, 'send', { from: 0, until }, figures);
  }
  await call.write();
  const browser = await testBrowser(t);
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const link = `${server.url}/r/long/stats?session=${call.sessionId}`;
  const [ada, ben] = [chartOf(page, 'Ada'), chartOf(page, 'Ben')];

  await page.goto(`${link}&from=${iso(LEFT + 30)}&to=${iso(OVER - 30)}`);
  await ada.getByText('As a table').click();
  await isFine(ada);
  t.same([await ada.count(), await ben.count()], [1, 1], 'those who were away keep their charts');
  t.equal(await page.getByText('Nobody has been in this room yet').count(), 0);

  const over = ada.locator('.u-over');
  await over.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const scrolled = await page.evaluate(() => scrollY);
  const x = 700;
  await over.click({ position: { x, y: 60 } });
  t.equal(await page.evaluate(() => scrollY), scrolled, 'a click moves nothing');
  await page.keyboard.press('0');
  await page.waitForFunction(() => !location.search.includes('from='));
  t.pass('after a click on a chart its keys work');

  const { width = NaN } = (await over.boundingBox()) ?? {};
  const pointedAt = secondsOfDay(at((x / width) * OVER));
  const isToldAtCursor = () =>
    until(
      'the cursor tells what is under it',
      () => timeAtCursor(ada),
      (told) => Math.abs(told - pointedAt) <= WHOLE_S,
    );
  await isToldAtCursor();
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -700);
  await page.keyboard.up('Control');
  await page.waitForFunction(() => location.search.includes('from='));
  await isFine(ada);
  await isToldAtCursor();
});
