import type { Page, Route } from 'playwright-core';
import t from '../support/tap.ts';
import { testBrowser, until } from '../support/browser.ts';
import { busyHour } from '../support/busy-hour.ts';
import { builtClient } from '../support/client.ts';
import { at, RecordedCall, T0 } from '../support/recorded-call.ts';
import { production } from '../support/rest.ts';
import { testServer } from '../support/server.ts';
import { tokenOf } from '../support/tokens.ts';

const HOUR_MS = 3_600_000;
/** Time between two requests for the end of a live chart, in ms. */
const LIVE_MS = 5_000;
/** In seconds. */
const DAY = 86_400;

/** Names of the rooms that are listed, in their order. */
const listed = (page: Page): Promise<string[]> => page.locator('.past-name a').allInnerTexts();

t.test('from a complaint to the reason: past calls, then the charts of one', async (t) => {
  const server = await testServer(t, {}, { clientDir: await builtClient() });
  const { pool } = server.database;
  await busyHour(pool, 'tea', 6, { step: 15 });
  const quiet = await RecordedCall.begin(pool, 'coffee', 4_000, 4_600);
  const gil = await quiet.join('gil', 4_000, 4_600);
  quiet.measure(
    gil,
    'send',
    { from: 4_000, until: 4_600 },
    { upBytes: 100_000, upPackets: 500, upPacketsLost: 0 },
  );
  await quiet.write();
  const browser = await testBrowser(t);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });

  await page.goto(server.url);
  await page.getByRole('link', { name: 'Past calls' }).click();
  await page.locator('.past-room').first().waitFor();
  t.same(await listed(page), ['tea', 'coffee'], 'the worst first');
  t.match(await page.locator('.past-room').first().innerText(), /\d+ of \d+ minutes bad/);
  await page.getByLabel('Order').selectOption('latest');
  await page.waitForFunction(() => document.querySelector('.past-name a')?.textContent === 'coffee');
  t.match(page.url(), /order=latest/, 'the link keeps it');
  await page.getByLabel('Room').fill('nobody');
  await page.getByLabel('Room').press('Enter');
  await page
    .getByText('No room called nobody was open in the 24 hours until now. Choose a longer time,')
    .waitFor();
  await page.getByLabel('Room').fill('');
  await page.getByLabel('Room').press('Enter');
  await page.getByRole('link', { name: 'tea' }).click();

  await page.getByRole('heading', { name: 'This call was bad for somebody' }).waitFor();
  const row = page.getByRole('row', { name: /^Ben/ });
  t.match(await row.innerText(), /trouble on their way to the server/);
  t.match(
    await row.locator('canvas').getAttribute('aria-label'),
    /fair.*packets lost on the way to the server/,
  );
  t.match(await page.getByRole('row', { name: /^Ada/ }).innerText(), /no trouble/);

  await row.getByRole('button', { name: 'Ben' }).click();
  const ben = page.getByRole('region', { name: 'Ben', exact: true });
  await ben.locator('canvas').waitFor();
  await page.getByRole('button', { name: /\d.* Ben$/ }).click();
  await page.waitForFunction(() => location.search.includes('from='));
  t.ok(await ben.evaluate((card) => card === document.activeElement), 'whose minutes they were is gone to');
  const span = page.locator('.toolbar-span');
  const near = await span.innerText();
  t.match(await ben.locator('.chart-canvas').getAttribute('aria-label'), /At most .* lost up [1-9]/);
  await page.getByRole('button', { name: 'Zoom in' }).focus();
  await page.keyboard.press('-');
  await span.filter({ hasNotText: near }).waitFor();
  await page.keyboard.press('0');
  await page.waitForFunction(() => !location.search.includes('from='));
  t.pass('keys zoom, too');

  const cleo = page.getByRole('region', { name: 'Cléo', exact: true });
  await cleo.scrollIntoViewIfNeeded();
  await cleo.getByText('As a table').click();
  await cleo.getByRole('cell', { name: /joined.*sends by relay by udp/ }).waitFor();
  t.ok((await cleo.getByRole('cell', { name: /lower layer/ }).count()) > 2, 'layers are told');
  await cleo.getByText('As a table').click();
  t.same(complaints, [], 'and the browser has nothing to complain about');
});

t.test('what cannot be shown is said', async (t) => {
  const server = await testServer(t, production, { clientDir: await builtClient() });
  const call = await RecordedCall.begin(server.database.pool, 'secret', 0, 600);
  await call.join('ada', 0, 600);
  const browser = await testBrowser(t);
  const page = await browser.newPage();

  // Nothing is answered before: a refusal of anything is shown at once.
  const onItsWay = async (route: Route) => {
    await page.getByRole('status').getByText('Loading…').waitFor();
    await route.continue();
  };
  await page.route('**/api/v1/**', onItsWay);
  await page.goto(`${server.url}/r/secret/stats`);
  await page.getByRole('alert').getByText(/token/i).waitFor();
  t.equal(await page.getByText('Loading…').count(), 0, 'that it is on its way is said as long as it is');
  await page.unroute('**/api/v1/**', onItsWay);
  t.pass('to strangers');
  const token = await tokenOf('support', { statsRead: true });
  await page.goto(`${server.url}/stats`);
  await page.getByRole('alert').getByText(/token/i).waitFor();
  await page.goto(`${server.url}/stats#access_token=${token}`);
  await page.locator('.past-room').getByText('not measured').waitFor();
  t.notMatch(page.url(), /access_token/, 'a token may come to an open page');
  await page.getByRole('link', { name: 'secret' }).click();
  await page.getByRole('region', { name: 'Ada', exact: true }).waitFor();
  t.pass('a token for all rooms opens each');
  await page.goto(`${server.url}/r/nothing/stats`);
  await page.getByRole('alert').getByText('There is no room nothing, and never was.').waitFor();

  await page.goto(`${server.url}/r/tea/stats?session=${call.sessionId}`);
  await page.getByRole('alert').getByText('The call of this link was not in room tea.').waitFor();

  await page.route('**/api/v1/**', (route) => route.abort());
  await page.goto(`${server.url}/r/secret/stats?session=${call.sessionId}`);
  await page.getByText('The server cannot be reached.').waitFor();
  await page.unrouteAll({ behavior: 'wait' });
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('region', { name: 'Ada', exact: true }).waitFor();
  t.pass('one can try again');
});

t.test('who has a token for a room alone sees the past calls of that room', async (t) => {
  const server = await testServer(t, production, { clientDir: await builtClient() });
  for (const name of ['mine', 'theirs']) {
    const call = await RecordedCall.begin(server.database.pool, name, 0, 600);
    await call.join(name === 'mine' ? 'ada' : 'ben', 0, 600);
  }
  const page = await (await testBrowser(t)).newPage();
  const token = await tokenOf('ada', { roomJoin: true, room: 'mine' });
  await page.goto(`${server.url}/r/mine/stats#access_token=${token}`);
  await page.getByRole('region', { name: 'Ada', exact: true }).waitFor();
  await page.getByRole('link', { name: 'Past calls' }).click();
  await page.locator('.past-room').first().waitFor();
  t.same(await listed(page), ['mine']);
});

t.test('a live page goes on after answers that did not come, and keeps what it has', async (t) => {
  const server = await testServer(t, {}, { clientDir: await builtClient() });
  const began = Math.floor((Date.now() - T0) / 1000) - 60;
  const call = await RecordedCall.begin(server.database.pool, 'live', began);
  const ada = await call.join('ada', began);
  call.measure(
    ada,
    'send',
    { from: began, until: began + 50 },
    { upBytes: 500_000, upPackets: 500, upPacketsLost: 0 },
  );
  await call.write();
  const browser = await testBrowser(t);
  const page = await browser.newPage();
  await page.clock.install();
  await page.goto(`${server.url}/r/live/stats`);
  const chart = page.getByRole('region', { name: 'Ada', exact: true });
  await chart.locator('canvas').waitFor();
  /** Lets the page ask again and again, until something holds. */
  const askingUntil = (what: string, holds: () => Promise<boolean>) =>
    until(
      what,
      async () => {
        await page.clock.fastForward(LIVE_MS);
        return holds();
      },
      (value) => value,
    );
  const stale = page.getByText('What is shown is not the latest');
  await page.route('**/timeline?**', (route) =>
    route.fulfill({ status: 200, contentType: 'application/json', body: '{"roomId":' }),
  );
  await askingUntil('it says so', () => stale.isVisible());
  t.equal(
    await chart.locator('[data-field=upBitrateBps] dd').innerText(),
    '800 kbit/s',
    'it has what it had',
  );
  await page.unrouteAll({ behavior: 'wait' });
  await askingUntil('it is the latest again', async () => !(await stale.isVisible()));
  await call.join('ben', began + 55);
  const ben = page.getByRole('region', { name: 'Ben', exact: true });
  await askingUntil('Ben is there', () => ben.isVisible());
  t.pass('and who comes later is there');
});

t.test('a call of weeks ago is found by its moment, which is the same one everywhere', async (t) => {
  const server = await testServer(t, {}, { clientDir: await builtClient() });
  const { pool } = server.database;
  const ended = -21 * DAY;
  const long = await RecordedCall.begin(pool, 'long', ended - 5 * DAY, ended);
  const ada = await long.join('ada', ended - 5 * DAY, ended);
  const lastMinutes = { from: ended - 600, until: ended, every: 60 };
  long.measure(ada, 'send', lastMinutes, { upBytes: 100_000, upPackets: 500, upPacketsLost: 0 });
  await long.write();
  const recent = await RecordedCall.begin(pool, 'recent', 0, 600);
  await recent.join('ben', 0, 600);
  const browser = await testBrowser(t);
  const inIndia = await browser.newPage({ timezoneId: 'Asia/Kolkata', locale: 'en-GB' });
  const until = (page: Page) => page.getByLabel('until');
  /** Until one of both calls is listed, and the other one is not. */
  const only = (page: Page, room: 'long' | 'recent') =>
    page.waitForFunction((name) => {
      const names = [...document.querySelectorAll('.past-name a')].map((one) => one.textContent);
      return names.filter((one) => ['long', 'recent'].includes(one)).join() === name;
    }, room);

  await inIndia.goto(`${server.url}/stats?until=soon`);
  await only(inIndia, 'recent');
  t.equal(await until(inIndia).inputValue(), '', 'what is no moment is now');
  const moment = new Date(at(ended)).toISOString().replace('.000Z', 'Z');
  await until(inIndia).fill(new Date(at(ended) + 5.5 * HOUR_MS).toISOString().slice(0, 16));
  await only(inIndia, 'long');
  t.ok(inIndia.url().includes(`until=${moment}`), 'the link has it, by UTC');

  const inNewYork = await browser.newPage({ timezoneId: 'America/New_York', locale: 'en-GB' });
  await inNewYork.goto(inIndia.url());
  await only(inNewYork, 'long');
  const local = await inNewYork.evaluate(
    (iso) => new Date(iso).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' }),
    moment,
  );
  t.equal(await until(inNewYork).inputValue(), local.replace(' ', 'T'), 'one sees it by one’s own clock');
  await inNewYork.getByLabel('Calls of').selectOption('the hour');
  await inNewYork.waitForFunction(() => location.search.includes('hours=1&'));
  await only(inNewYork, 'long');
  t.match(await inNewYork.locator('.past-room').innerText(), /good/);
  await until(inNewYork).fill('2020-02-29T12:00');
  await inNewYork
    .getByText('in the hour until 29 Feb 2020, 12:00. Choose a longer time or another “until”.')
    .waitFor();

  await inIndia.getByRole('link', { name: 'long' }).click();
  await inIndia.getByRole('heading', { name: 'This call was good in its last 72 h' }).waitFor();
  t.match(
    await inIndia.getByRole('region', { name: 'Overview' }).innerText(),
    /What was before .* is not judged\. .*· 120 h, of which the last 72 h are judged ·/s,
  );
  await inIndia.goBack();
  await only(inIndia, 'long');
  await inIndia.getByRole('button', { name: 'now' }).click();
  await only(inIndia, 'recent');
  t.notMatch(inIndia.url(), /until/);
  t.equal(await until(inIndia).inputValue(), '');
  await until(inIndia).fill('2999-01-01T10:00');
  await inIndia
    .getByRole('status')
    .getByText('1 Jan 2999, 10:00 is yet to come: the list ends now.')
    .waitFor();
  await only(inIndia, 'recent');
});
