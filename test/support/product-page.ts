import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import type * as sdk from '../../client/sdk/index.ts';
import type { TrackSource } from '../../server/protocol/model.ts';
import { projectRoot } from '../../server/root.ts';
import { newPerson } from './browser.ts';

declare global {
  interface Window {
    sdk: typeof sdk;
    room: sdk.Room;
    /** What one comes in with, and comes back with. */
    token: string;
  }
}

/** A page of a product that embeds the SDK, and nothing else; built once in a run. @returns its folder. */
export async function productPage(): Promise<string> {
  const folder = process.env['TEST_FOLDER'];
  if (!folder) throw new Error('There is no folder for tests: run them by `npm test -- <file>`.');
  const page = join(folder, 'product-page');
  if (existsSync(page)) return page;
  const draft = await mkdtemp(`${page}-`);
  await buildPage(draft);
  // Another process may have been sooner.
  await rename(draft, page).catch((error: unknown) => {
    if (!existsSync(page)) throw error;
  });
  return page;
}

async function buildPage(folder: string): Promise<void> {
  await mkdir(join(folder, 'assets'));
  const isSet = 'NODE_ENV' in process.env;
  await build({
    configFile: false,
    logLevel: 'silent',
    root: projectRoot,
    build: {
      lib: { entry: join(projectRoot, 'client/sdk/index.ts'), formats: ['es'], fileName: 'sdk' },
      outDir: join(folder, 'assets'),
    },
  });
  // Vite sets it, and servers that later files of this process spawn would be in production.
  if (!isSet) delete process.env['NODE_ENV'];
  // A file of its own: the server lets pages run no script that stands in them.
  await writeFile(
    join(folder, 'assets', 'page.js'),
    "import * as sdk from '/assets/sdk.js';\nwindow.sdk = sdk;\n",
  );
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><script type="module" src="/assets/page.js"></script>',
  );
}

/** Opens a product's own page in a browser of its own. */
export async function openProductPage(browser: Browser, url: string): Promise<Page> {
  const { page } = await newPerson(browser);
  await page.goto(url);
  await page.waitForFunction(() => 'sdk' in window);
  return page;
}

/** Joins the room tea on a product's own page; without a token, as a guest. */
export async function joinOnPage(
  browser: Browser,
  url: string,
  displayName: string,
  token = '',
): Promise<Page> {
  const page = await openProductPage(browser, url);
  await joinTea(page, displayName, token);
  return page;
}

/** Joins the room tea on a product's page that is open; without a token, as a guest. */
export const joinTea = (page: Page, displayName: string, token = ''): Promise<void> =>
  page.evaluate(
    async ([displayName, token]) => {
      window.token = token;
      const options = { url: `ws://${location.host}/ws`, room: 'tea', displayName };
      window.room = await window.sdk.Room.join(
        token === '' ? options : { ...options, token: () => Promise.resolve(window.token) },
      );
    },
    [displayName, token] as const,
  );

/** Publishes the picture of the camera, or the sound of the microphone, as something. */
export const publishOnPage = (
  page: Page,
  device: 'camera' | 'microphone',
  source: TrackSource,
): Promise<void> =>
  page.evaluate(
    async ([device, source]) => window.room.publish(await window.sdk.openDevice(device), source),
    [device, source] as const,
  );
