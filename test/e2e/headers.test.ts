import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const clientDir = await builtClient();

/** What a page does that its Content-Security-Policy forbids, and every error that it prints. */
async function complaintsOf(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.exposeFunction('complain', (what: string) => complaints.push(what));
  await page.addInitScript(() => {
    const { complain } = window as unknown as { complain: (what: string) => void };
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      complain(`${violatedDirective} forbids ${blockedURI}`),
    );
  });
  return complaints;
}

/** Until all of a page is in a window of that width, which is given to it a moment later. */
const fits = (page: Page, width: number) =>
  until(
    `${width} px are enough`,
    () => page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]),
    ([given, needed = Infinity]) => given === width && needed <= width,
  );

t.test('a call needs nothing that the Content-Security-Policy forbids', async (t) => {
  const { url } = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t);
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  const complaints = await Promise.all([ada, ben].map(complaintsOf));
  await joinRoom(ada, url, 'tea', 'Ada');
  await joinRoom(ben, url, 'tea', 'Ben');
  for (const [page, other] of [
    [ada, 'Ben'],
    [ben, 'Ada'],
  ] as const) {
    await until(
      `${other} is seen`,
      () => framesShown(page, other),
      (frames) => frames > 20,
    );
  }
  t.same(complaints.flat(), []);

  const blocked = await ada.evaluate(
    () =>
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective }) =>
          resolve(violatedDirective),
        );
        const script = document.createElement('script');
        script.textContent = 'window.injected = true';
        document.body.append(script);
      }),
  );
  t.match(blocked, /^script-src/, 'an inline script is refused');
  t.equal(await ada.evaluate(() => 'injected' in window), false);
});

t.test('a page of another origin shows the pages in a frame where it may', async (t) => {
  let framedUrl = '';
  const embedding = createServer((_request, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(`<!doctype html><title>Shop</title><iframe src="${framedUrl}"></iframe>`);
  }).listen(0, '127.0.0.1');
  await once(embedding, 'listening');
  t.teardown(() => embedding.close());
  const shop = `http://localhost:${(embedding.address() as AddressInfo).port}`;
  const browser = await testBrowser(t);
  for (const [FRAME_ANCESTORS, shown] of [
    ['self', false],
    [`self, ${shop}`, true],
  ] as const) {
    const { url } = await testServer(t, { FRAME_ANCESTORS }, { clientDir });
    framedUrl = `${url}/`;
    const { page } = await newPerson(browser);
    await page.goto(shop);
    const framed = () => Promise.resolve(page.frames().at(-1)?.url() ?? '');
    const there = await until('the frame is decided on', framed, (at) =>
      /^(http:..127|chrome-error:)/.test(at),
    );
    t.equal(there.startsWith(url), shown, FRAME_ANCESTORS);
    if (shown) await page.frameLocator('iframe').getByRole('button').first().waitFor();
  }
});

t.test('the page that tries the API works with a token, and within the policy', async (t) => {
  const { url } = await testServer(t, tokenSettings, { clientDir });
  const browser = await testBrowser(t);
  const { page } = await newPerson(browser);
  const complaints = await complaintsOf(page);
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${url}/api/v1/docs`);
    await page.getByRole('button', { name: 'Authorize' }).waitFor();
    await fits(page, width);
  }
  await page.getByRole('button', { name: 'Authorize' }).click();
  const dialog = page.locator('.auth-container', { hasText: 'bearer' }).first();
  await dialog.getByRole('textbox').fill(await tokenOf('ada', { roomJoin: true }));
  await dialog.getByRole('button', { name: 'Apply credentials' }).click();
  await page.getByRole('button', { name: 'Close' }).first().click();
  const operation = page.locator('#operations-tokens-validate');
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  await operation.locator('.live-responses-table .microlight', { hasText: '"ada"' }).waitFor();
  t.same(complaints, []);
  await page.setViewportSize({ width: 390, height: 800 });
  await fits(page, 390);
  t.pass('an answer fits on a phone');
});
