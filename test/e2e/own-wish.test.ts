import type { Browser, Page } from 'playwright-core';
import t from '../support/tap.ts';
import { joinRoom, newPerson, testBrowser, tile } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const clientDir = await builtClient();

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Somebody whose page notes what it asks of the browser: `devices`, every track that it was given. */
async function noted(browser: Browser): Promise<Page> {
  const { page } = await newPerson(browser);
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const original = mediaDevices.getUserMedia.bind(mediaDevices);
    const devices: MediaStreamTrack[] = [];
    Object.assign(window, { devices });
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await original(constraints);
      devices.push(...stream.getTracks());
      return stream;
    };
  });
  return page;
}

/** The devices that the page has opened, and of these the ones that are on, by kind. */
const devices = (page: Page) =>
  page.evaluate(() => {
    const { devices } = window as unknown as { devices: MediaStreamTrack[] };
    const live = devices.filter(({ readyState }) => readyState === 'live');
    return { opened: devices.map(({ kind }) => kind), live: live.map(({ kind }) => kind) };
  });

t.test('the way into a room opens no device, also where the page may', async (t) => {
  const { url } = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t);
  const page = await noted(browser);
  await page.goto(url);
  await page.getByLabel('Your name').fill('Ada');
  await button(page, 'New room').click();
  await button(page, 'Join').waitFor();
  t.same(await devices(page), { opened: [], live: [] });

  await button(page, 'Show my camera').click();
  await page.locator('.preview video').waitFor();
  t.same(await devices(page), { opened: ['video'], live: ['video'] });
  await button(page, 'Camera').click();
  t.same((await devices(page)).live, [], 'switched off, it is off');

  await button(page, 'Join').click();
  await tile(page, 'Ada').waitFor();
  await page.waitForFunction(() =>
    (window as unknown as { devices: MediaStreamTrack[] }).devices.some(({ kind }) => kind === 'audio'),
  );
  t.same((await devices(page)).live, ['audio'], 'and stays off in the call');
});

t.test(
  'a call that was ended, or that one was removed from, ends on a page that opens no device',
  async (t) => {
    const { url } = await testServer(t, tokenSettings, { clientDir });
    const browser = await testBrowser(t);
    const { page: host } = await newPerson(browser);
    await host.goto(
      `${url}/r/tea#access_token=${await tokenOf('ada', { roomJoin: true, roomAdmin: true }, 'Ada')}`,
    );
    await button(host, 'Join').click();
    const ben = await noted(browser);
    const cleo = await noted(browser);
    await joinRoom(ben, url, 'tea', 'Ben');
    await joinRoom(cleo, url, 'tea', 'Cleo');
    await tile(cleo, 'Ben').locator('video').waitFor();
    await button(cleo, 'Camera').click();
    await tile(cleo, 'Cleo').locator('video').waitFor({ state: 'detached' });

    await tile(host, 'Cleo').getByRole('button', { name: 'Host’s tools for Cleo' }).click();
    await button(host, 'Remove…').click();
    await button(host, 'Remove').click();
    await cleo.getByRole('heading', { name: 'You were removed from this room.' }).waitFor();
    t.same((await devices(cleo)).live, [], 'whoever was removed sends nothing');
    t.equal(await button(cleo, 'Join again').count(), 0, 'what would be refused is not offered');

    await host.getByRole('button', { name: 'Host’s tools', exact: true }).click();
    await button(host, 'End for everybody…').click();
    await button(host, 'End for everybody').click();
    await ben.getByRole('heading', { name: 'This call was ended for everybody.' }).waitFor();
    t.same((await devices(ben)).live, []);
    const before = await devices(ben);
    await button(ben, 'Join again').click();
    await button(ben, 'Show my camera').waitFor();
    t.same(await devices(ben), before, 'the way back opens nothing either');

    await button(cleo, 'Go to the start page').click();
    await cleo.getByLabel('Room').fill('tea');
    await cleo.getByLabel('Room').press('Enter');
    await button(cleo, 'Join').waitFor();
    t.equal(
      await button(cleo, 'Camera').getAttribute('aria-pressed'),
      'false',
      'a camera that was off stays off',
    );
    t.same((await devices(cleo)).live, []);
  },
);
