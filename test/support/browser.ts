import { existsSync } from 'node:fs';
import { inspect } from 'node:util';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { smallCamera } from './small-camera.ts';

/** Where Debian, and others, put Chromium. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Debian puts Chromium without a window: what pages run in is the same, and takes two thirds of the CPU. */
const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell';

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--use-fake-device-for-media-stream=fps=10',
];

/** Where Chromium is. @throws Error with the line that installs it. */
export function chromiumPath(): string {
  const path = process.env['CHROMIUM_BIN'] ?? CHROMIUM.find((one) => existsSync(one));
  if (!path) throw new Error('Chromium is not installed: sudo apt-get install -y chromium');
  return path;
}

/** Where Chromium's headless shell is. @throws Error with the line that installs it. */
function headlessShellPath(): string {
  const path = process.env['CHROMIUM_BIN'] ?? (existsSync(HEADLESS_SHELL) ? HEADLESS_SHELL : undefined);
  if (!path)
    throw new Error(
      'Chromium’s headless shell is not installed: sudo apt-get install -y chromium-headless-shell',
    );
  return path;
}

interface BrowserOptions {
  /** Whether pages may use the camera and the microphone. */
  allowMedia?: boolean;
  /** Whether the camera gives pictures as large as they are asked for, or small ones, which cost little to encode. */
  largePictures?: boolean;
  /**
   * Whether it is all of Chromium: the prompts for permissions, tabs that can be shared, and the switches of its own are no part
   * of the headless shell.
   */
  whole?: boolean;
  /** Path of the executable (default: as `whole` says). */
  executablePath?: string;
  /** Arguments beside the usual ones. */
  more?: string[];
}

const shared = new Map<boolean, Promise<Browser>>();

/**
 * A real Chromium with a camera and a microphone of its own making. The tests of a process share it, and its contexts are closed
 * when the test ends. One that has special options is the test's own.
 */
export async function testBrowser(t: Test, options: BrowserOptions = {}): Promise<Browser> {
  const { largePictures = false, ...special } = options;
  if (Object.keys(special).length > 0) return ownBrowser(t, options);
  const browser = await (shared.get(largePictures) ?? share(largePictures));
  t.teardown(() => Promise.all(browser.contexts().map((context) => context.close())));
  return browser;
}

/** A Chromium that the test may close or crash; it is gone when the test ends. */
export async function ownBrowser(t: Test, options: BrowserOptions = {}): Promise<Browser> {
  const browser = await launch(options);
  t.teardown(() => browser.close());
  return browser;
}

function share(largePictures: boolean): Promise<Browser> {
  const browser = launch({ largePictures });
  shared.set(largePictures, browser);
  return browser;
}

/** Closes what tests of this process have shared. */
export async function closeSharedBrowsers(): Promise<void> {
  await Promise.all([...shared.values()].map(async (browser) => (await browser).close()));
}

async function launch({
  allowMedia = true,
  largePictures = false,
  whole = false,
  executablePath = whole ? chromiumPath() : headlessShellPath(),
  more = [],
}: BrowserOptions): Promise<Browser> {
  const permission = allowMedia ? '--use-fake-ui-for-media-stream' : '--deny-permission-prompts';
  const camera = largePictures ? [] : [`--use-file-for-fake-video-capture=${await smallCamera()}`];
  return chromium.launch({ executablePath, args: [...args, permission, ...camera, ...more] });
}

/** A browser of one person: cookies of its own, and its RTCPeerConnections within reach of `inboundStats`. */
export async function newPerson(browser: Browser): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(() => {
    const Original = window.RTCPeerConnection;
    const all: RTCPeerConnection[] = [];
    Object.assign(window, { peerConnections: all });
    window.RTCPeerConnection = class extends Original {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        all.push(this);
      }
    };
  });
  return { context, page: await context.newPage() };
}

/** The page shows no pictures, and so decodes none. To be called before it is opened. */
export async function withoutPictures(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.defineProperty(HTMLVideoElement.prototype, 'srcObject', { get: () => null, set: () => {} });
  });
}

/** Opens a room's page and joins it as a person of that name. */
export async function joinRoom(
  page: Page,
  url: string,
  room: string,
  name: string,
  query = '',
): Promise<void> {
  await page.goto(`${url}/r/${room}${query}`);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.getByRole('button', { name: 'Leave' }).waitFor();
}

/** Somebody's tile: a group of that name. */
export const tile = (page: Page, name: string): Locator => page.getByRole('group', { name, exact: true });

/** Frames that a tile's picture has shown, as the element that shows it counts them; 0 where it has no picture. */
export async function framesShown(page: Page, name: string): Promise<number> {
  const videos = await tile(page, name)
    .locator('video')
    .evaluateAll((all) =>
      all.map((one) => (one as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames),
    );
  return videos[0] ?? 0;
}

/** The names of those whose pictures move on a page within a second. */
export async function watchedOn(page: Page, others: string[]): Promise<string[]> {
  const before = await Promise.all(others.map((name) => framesShown(page, name)));
  await page.waitForTimeout(1_000);
  const after = await Promise.all(others.map((name) => framesShown(page, name)));
  return others.filter((_, index) => (after[index] ?? 0) > (before[index] ?? 0));
}

/** The states of a page's RTCPeerConnections. */
export const connectionStates = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    (window as unknown as { peerConnections: RTCPeerConnection[] }).peerConnections.map(
      ({ connectionState }) => connectionState,
    ),
  );

/** The way that media takes: one end of it, as the browser's statistics name it. */
export interface PathEnd {
  candidateType: string;
  protocol: string;
  address: string;
  /** How the browser reaches its relay. */
  relayProtocol: string | undefined;
}

/**
 * The candidate pairs that a page's live connections have selected.
 *
 * @see https://www.w3.org/TR/webrtc-stats/#dom-rtctransportstats-selectedcandidatepairid
 */
export function selectedPairs(page: Page): Promise<{ local: PathEnd; remote: PathEnd }[]> {
  return page.evaluate(async () => {
    const { peerConnections } = window as unknown as { peerConnections: RTCPeerConnection[] };
    const live = peerConnections.filter(({ connectionState }) => connectionState === 'connected');
    const reports = await Promise.all(live.map((connection) => connection.getStats()));
    return reports.flatMap((report) => {
      const all = report as unknown as Map<string, Record<string, string>>;
      const end = (id = '') => ({
        candidateType: all.get(id)?.['candidateType'] ?? '',
        protocol: all.get(id)?.['protocol'] ?? '',
        address: all.get(id)?.['address'] ?? '',
        relayProtocol: all.get(id)?.['relayProtocol'],
      });
      return [...all.values()]
        .filter(({ type }) => type === 'transport')
        .map(({ selectedCandidatePairId }) => all.get(selectedCandidatePairId ?? ''))
        .map((pair) => ({
          local: end(pair?.['localCandidateId']),
          remote: end(pair?.['remoteCandidateId']),
        }));
    });
  });
}

/** Two people join a room and see each other for a while. @returns the ways that their media took. */
export async function meet(browser: Browser, url: string, room: string, query = '') {
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  await joinRoom(ada, url, room, 'Ada', query);
  await joinRoom(ben, url, room, 'Ben', query);
  for (const [page, name] of [
    [ben, 'Ada'],
    [ada, 'Ben'],
  ] as const) {
    await until(
      `${name} is seen`,
      () => framesShown(page, name),
      (frames) => frames > 20,
    );
  }
  return [...(await selectedPairs(ada)), ...(await selectedPairs(ben))];
}

/** One received track, by what the browser's own statistics say of it. */
export interface Inbound {
  kind: string;
  trackIdentifier: string;
  bytesReceived: number;
  framesDecoded: number;
  frameWidth: number;
  frameHeight: number;
}

/** @see https://www.w3.org/TR/webrtc-stats/#inboundrtpstats-dict* */
export function inboundStats(page: Page): Promise<Inbound[]> {
  return page.evaluate(async () => {
    const { peerConnections } = window as unknown as { peerConnections: RTCPeerConnection[] };
    const live = peerConnections.filter(({ connectionState }) => connectionState !== 'closed');
    const reports = await Promise.all(live.map((connection) => connection.getStats()));
    return (
      reports
        .flatMap((report) => [...(report as unknown as Map<string, Record<string, unknown>>).values()])
        // mediasoup-client receives a "probator" beside the media: the SFU's padding, no one's picture.
        .filter(({ type, mid }) => type === 'inbound-rtp' && mid !== 'probator')
        .map((stat) => ({
          kind: String(stat['kind']),
          trackIdentifier: String(stat['trackIdentifier']),
          bytesReceived: Number(stat['bytesReceived'] ?? 0),
          framesDecoded: Number(stat['framesDecoded'] ?? 0),
          frameWidth: Number(stat['frameWidth'] ?? 0),
          frameHeight: Number(stat['frameHeight'] ?? 0),
        }))
    );
  });
}

/**
 * Waits until a condition on the page holds, looking on every frame that the page draws.
 *
 * @throws Error with what was waited for.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  holds: (value: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${timeoutMs} ms; last: ${inspect(value).slice(0, 1_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits until a button is pressed, or not. One learns what came of a click before the page has the answer to it. */
export async function isPressed(what: string, button: Locator, pressed: boolean): Promise<void> {
  await until(
    what,
    () => button.getAttribute('aria-pressed'),
    (value) => value === String(pressed),
  );
}
