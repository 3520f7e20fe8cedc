import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import { inboundStats, joinRoom, newPerson, testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { Scrape } from '../support/metrics.ts';
import { joinOnPage, productPage, publishOnPage } from '../support/product-page.ts';
import { testServer } from '../support/server.ts';

const WINDOW = { PRODUCER_BITRATE_WINDOW_MS: '4000' };

/** Publishes a camera that shows noise, which takes as much as it may. */
const publishNoise = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 320, height: 180 });
    const context = canvas.getContext('2d');
    const image = new ImageData(320, 180);
    setInterval(() => {
      image.data.forEach((_, n) => (image.data[n] = n % 4 === 3 ? 255 : Math.random() * 256));
      context?.putImageData(image, 0, 0);
    }, 100);
    const [track] = canvas.captureStream(10).getVideoTracks();
    if (track) await window.room.publish(track, 'camera');
  });

const bytesOf = async (page: Page, kind: string) =>
  (await inboundStats(page))
    .filter((one) => one.kind === kind)
    .reduce((sum, one) => sum + one.bytesReceived, 0);

/** Waits until more of a kind has come. */
async function goesOn(page: Page, kind: 'audio' | 'video'): Promise<void> {
  const before = await bytesOf(page, kind);
  await until(
    `${kind} comes`,
    () => bytesOf(page, kind),
    (bytes) => bytes > before,
  );
}

const localOn = (page: Page) => page.evaluate(() => [...window.room.local.keys()]);

t.test('a camera that sends too much is closed; everything else goes on', async (t) => {
  const server = await testServer(
    t,
    { ...WINDOW, PRODUCER_VIDEO_MAX_BITRATE: '60000' },
    { clientDir: await productPage() },
  );
  const browser = await testBrowser(t);
  const ada = await joinOnPage(browser, server.url, 'Ada');
  const ben = await joinOnPage(browser, server.url, 'Ben');
  await publishOnPage(ben, 'camera', 'camera');
  const stopped = ada.evaluate(
    () =>
      new Promise<string>((resolve) =>
        window.room.on('localTrackStopped', (source, why) =>
          resolve(`${source} ${why && 'code' in why ? why.code : why?.message}`),
        ),
      ),
  );
  await publishOnPage(ada, 'microphone', 'microphone');
  await publishNoise(ada);
  t.equal(await stopped, 'camera bitrate_exceeded');
  t.same(await localOn(ada), ['microphone']);
  await ben.waitForFunction(() =>
    [...window.room.participants.values()].every((one) => !one.publication('camera')),
  );
  await goesOn(ben, 'audio');
  await goesOn(ada, 'video');
  t.same(await localOn(ben), ['camera']);
  const closed = ['audio', 'video'].map((kind) => `trivium_producers_over_bitrate_total{kind="${kind}"}`);
  t.same((await Scrape.of(server)).values(...closed), [0, 1]);
});

t.test('the page says so, and does not send it again by itself', async (t) => {
  // Less than the camera of the tests sends.
  const low = { ...WINDOW, PRODUCER_VIDEO_MAX_BITRATE: '2000' };
  const server = await testServer(t, low, { clientDir: await builtClient() });
  const { page } = await newPerson(await testBrowser(t));
  await joinRoom(page, server.url, 'tea', 'Ada');
  await page.getByText('Your camera was turned off because it sent too much data.').waitFor();
  const camera = page.getByRole('button', { name: 'Camera' });
  t.equal(await camera.getAttribute('aria-pressed'), 'false');
  t.equal(await page.getByRole('button', { name: 'Microphone' }).getAttribute('aria-pressed'), 'true');
  await camera.click();
  await page.getByText(/Your camera sent .* Try again in \d+ s\./).waitFor();
  t.equal(await camera.getAttribute('aria-pressed'), 'false');
});
