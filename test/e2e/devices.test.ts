import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import { joinRoom, newPerson, testBrowser, tile } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testServer } from '../support/server.ts';

const clientDir = await builtClient();

/** The page's getUserMedia fails as a browser's does that has no such device, or a busy one. */
const failing = (page: Page, name: string) =>
  page.addInitScript((name) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name));
  }, name);

t.test('without a camera or microphone a clear sentence is shown, and one joins and watches', async (t) => {
  const { url } = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t);
  const { page: ada } = await newPerson(browser);
  await joinRoom(ada, url, 'tea', 'Ada');

  for (const [name, sentence] of [
    ['NotAllowedError', /may not use the camera.*Allow it/],
    ['NotFoundError', /There is no camera.*Connect one/],
    ['NotReadableError', /The camera is in use by another program/],
  ] as const) {
    const { page, context } = await newPerson(browser);
    await failing(page, name);
    await joinRoom(page, url, 'tea', 'Ben');
    await page.getByText(sentence).first().waitFor();
    await page
      .getByText(new RegExp(sentence.source.replace('camera', 'microphone')))
      .first()
      .waitFor();
    await tile(page, 'Ada').locator('video').waitFor();
    t.equal(await page.getByRole('button', { name: 'Camera' }).getAttribute('aria-pressed'), 'false', name);
    await context.close();
  }
});

t.test('permissions that are refused for real', async (t) => {
  const { url } = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t, { whole: true, allowMedia: false });
  const { page } = await newPerson(browser);
  await joinRoom(page, url, 'tea', 'Ben');
  await page
    .getByText(/may not use the camera/)
    .first()
    .waitFor();
  t.pass('the sentence is there');
});

t.test('a browser without WebRTC is told so, and sees who is there', async (t) => {
  const { url } = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t);
  const { page: ada } = await newPerson(browser);
  await joinRoom(ada, url, 'tea', 'Ada');
  const { page } = await newPerson(browser);
  await page.addInitScript(() => Reflect.deleteProperty(window, 'RTCPeerConnection'));
  await joinRoom(page, url, 'tea', 'Ben');
  await page
    .getByText(/WebRTC/)
    .first()
    .waitFor();
  await tile(page, 'Ada').waitFor();
  await tile(ada, 'Ben').waitFor();
  t.pass('both are in the room');
});

t.test('who joins too often is told how long to wait', async (t) => {
  const { url } = await testServer(t, { JOINS_PER_MINUTE_PER_USER: '1' }, { clientDir });
  const browser = await testBrowser(t);
  const { page } = await newPerson(browser);
  await joinRoom(page, url, 'tea', 'Ada');
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.goto(`${url}/r/tea`);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.getByText(/joined too often from here\. Wait \d+ s\./).waitFor();
  t.pass('in a sentence');
});
