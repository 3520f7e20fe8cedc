import { cpus } from 'node:os';
import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import { testBrowser } from '../support/browser.ts';
import { busyHour } from '../support/busy-hour.ts';
import { builtClient } from '../support/client.ts';
import { testServer } from '../support/server.ts';
import { report } from './report.ts';

const PEOPLE = 50;
/** How often the page is opened, each time by a browser that has nothing of it. */
const OPENINGS = 5;
/** How long one moves the charts, in ms. */
const PANNING_MS = 5_000;

t.test('the page of an hour of a call of fifty', async (t) => {
  const server = await testServer(t, {}, { clientDir: await builtClient() });
  await busyHour(server.database.pool, 'big', PEOPLE);
  const browser = await testBrowser(t, { whole: true });
  const url = `${server.url}/r/big/stats`;

  const opened: number[] = [];
  for (let n = 0; n < OPENINGS; n++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const began = performance.now();
    await page.goto(url, { waitUntil: 'commit' });
    await page
      .locator('.people tbody tr')
      .nth(PEOPLE - 1)
      .waitFor();
    await page.locator('.chart-canvas canvas').first().waitFor();
    opened.push(performance.now() - began);
    await page.close();
  }
  opened.sort((one, other) => one - other);

  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(url);
  const frames = await pan(page);
  const rows = [
    ['It opens, with everything that is visible drawn (median)', `${Math.round(median(opened))} ms`],
    ['… the slowest time', `${Math.round(opened.at(-1) ?? 0)} ms`],
    ['While it is moved: frames a second', `${Math.round(frames.perSecond)}`],
    ['… the slowest frame of a hundred', `${Math.round(frames.p99)} ms`],
  ];
  t.comment(rows.map((row) => row.join(': ')).join('; '));
  await report(
    'page',
    ['| What | Measured |', '| --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)],
    `${PEOPLE} participants, an hour, headless Chromium without a GPU, ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown kind'}`,
  );
  t.ok(median(opened) < 2_000, 'it opens in under 2 s');
  t.ok(frames.perSecond >= 30, 'it moves at 30 frames a second or more');
});

const median = (sorted: number[]): number => sorted[Math.floor(sorted.length / 2)] ?? NaN;

/** Moves all charts to and fro, as a mouse with Shift does, an event a frame, with as many charts visible as fit. */
async function pan(page: Page): Promise<{ perSecond: number; p99: number }> {
  const over = page.locator('.u-over').first();
  await page
    .locator('.chart-canvas')
    .nth(3)
    .evaluate((element) => element.scrollIntoView({ block: 'center' }));
  await over.waitFor();
  for (let n = 0; n < 2; n++) await page.getByRole('button', { name: 'Zoom in' }).click();
  // What it reads for the part that is shown has come by then.
  await page.waitForLoadState('networkidle');
  const times = await page.evaluate(
    (duration) =>
      new Promise<number[]>((resolve) => {
        const target = [...document.querySelectorAll('.u-over')].find((one) => {
          const { top, bottom } = one.getBoundingClientRect();
          return top > 80 && bottom < innerHeight;
        });
        if (!target) throw new Error('no chart is visible');
        const { left, top, width } = target.getBoundingClientRect();
        const mouse = (type: string, x: number) =>
          target.dispatchEvent(
            new MouseEvent(type, {
              bubbles: true,
              shiftKey: true,
              button: 0,
              clientX: left + x,
              clientY: top + 40,
            }),
          );
        const frames: number[] = [];
        const begin = performance.now();
        mouse('mousedown', width / 2);
        const frame = (now: number) => {
          frames.push(now);
          if (now - begin > duration) {
            mouse('mouseup', width / 2);
            resolve(frames);
            return;
          }
          mouse('mousemove', width / 2 + (width / 3) * Math.sin((now - begin) / 500));
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      }),
    PANNING_MS,
  );
  const gaps = times.slice(1).map((at, n) => at - (times[n] ?? at));
  gaps.sort((one, other) => one - other);
  const length = gaps.reduce((sum, gap) => sum + gap, 0);
  return { perSecond: (gaps.length / length) * 1000, p99: gaps[Math.floor(gaps.length * 0.99)] ?? NaN };
}
