import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import { makeToken } from '../../server/identity/make-token.ts';
import { newPerson, testBrowser } from '../support/browser.ts';
import { productPage } from '../support/product-page.ts';
import { testServer } from '../support/server.ts';
import { anyToken, api, tokenOf, tokenSettings } from '../support/tokens.ts';

declare global {
  interface Window {
    /** Fetches a token from the test, as a product's page does from its server. */
    fetchToken: () => Promise<string>;
    told: string[];
  }
}

/** Of a token that ends within 10 s, leeway included: a fifth of that is time enough to fetch another one. */
const BRIEF_S = -20;

/** Joins the room tea; what becomes of it is noted in `told`. @returns why it could not. */
const joinTea = (page: Page, token: string | undefined): Promise<string> =>
  page.evaluate(async (token) => {
    window.told = [];
    const url = `ws://${location.host}/ws`;
    try {
      const source = token ?? window.fetchToken;
      window.room = await window.sdk.Room.join({ url, room: 'tea', displayName: 'x', token: source });
    } catch (error) {
      return error instanceof window.sdk.SignallingError ? `${error.code}: ${error.message}` : String(error);
    }
    window.room.on('problem', (error) => window.told.push(String(error)));
    return '';
  }, token);

const stateOf = (page: Page) => page.evaluate(() => window.room.state);

t.test('the SDK shows tokens, exchanges them in time, and stays out once they have ended', async (t) => {
  const { url, rooms } = await testServer(t, tokenSettings, { clientDir: await productPage() });
  const { page } = await newPerson(await testBrowser(t));
  await page.goto(url);
  await page.waitForFunction(() => 'sdk' in window);

  t.match(
    await joinTea(page, await anyToken({ exp: 1 })),
    /^unauthorized: .*expired at 1970/,
    'the server’s reason, which the browser does not tell',
  );

  let fetched = 0;
  await page.exposeFunction('fetchToken', () => {
    fetched += 1;
    // The ones after that end in ten minutes.
    return fetched === 1
      ? makeToken({ userId: 'ada', video: { roomJoin: true }, ttl: BRIEF_S }, api)
      : tokenOf('ada', { roomJoin: true });
  });
  const witness = await page.context().newPage();
  await witness.goto(url);
  await witness.waitForFunction(() => 'sdk' in window);
  t.equal(await joinTea(page, undefined), '');
  const brief = await makeToken({ userId: 'ben', video: { roomJoin: true }, ttl: BRIEF_S }, api);
  t.equal(await joinTea(witness, brief), '');

  await witness.waitForFunction(() => window.room.state === 'left');
  t.match(await witness.evaluate(() => window.told), [/You are out: the access token has expired/]);
  t.equal(fetched, 2, 'once to open, once to go on');
  t.equal(await stateOf(page), 'connected');
  t.equal(rooms.presencesOf('ada').length, 1);
  t.same(await page.evaluate(() => window.told), []);

  const administrator = await tokenOf('admin', { roomAdmin: true });
  await fetch(`${url}/api/v1/revocations?access_token=${administrator}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId: 'ada' }),
  });
  await page.waitForFunction(() => window.room.state === 'left');
  t.match(await page.evaluate(() => window.told), [/You are out: the access token was revoked/]);
});

t.test('a token that cannot be fetched in an outage does not cost the place', async (t) => {
  const { app, url, rooms } = await testServer(t, tokenSettings, { clientDir: await productPage() });
  const { page } = await newPerson(await testBrowser(t));
  let failures = 0;
  let isAway = false;
  await page.exposeFunction('fetchToken', async () => {
    if (!isAway) return tokenOf('eve');
    // The network comes back after two tries.
    failures += 1;
    isAway = failures < 2;
    throw new Error('Failed to fetch');
  });
  await page.goto(url);
  await page.waitForFunction(() => 'sdk' in window);
  t.equal(await joinTea(page, undefined), '');
  const [before] = rooms.presencesOf('eve');
  isAway = true;
  await page.evaluate(() => {
    window.told = [];
    window.room.on('stateChanged', (state) => window.told.push(state));
  });
  for (const socket of app.websocketServer.clients) socket.terminate();
  await page.waitForFunction(() => window.told.includes('connected'));
  t.same(await page.evaluate(() => window.told), ['reconnecting', 'connected']);
  t.equal(failures, 2);
  t.same(rooms.presencesOf('eve'), [before], 'the same place');
});
