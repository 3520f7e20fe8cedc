import type { Browser, Page } from 'playwright-core';
import type { Test } from 'tap';
import type { TrackSource } from '../../server/protocol/model.ts';
import { chromiumPath, newPerson, testBrowser } from './browser.ts';
import { delayRelay, type DelayRelay } from './delay-relay.ts';
import { Network } from './network.ts';
import { productPage } from './product-page.ts';
import { asking, type Ask } from './rest.ts';
import { testServer, type TestServer } from './server.ts';

/** Time between two samples, in ms. */
const SAMPLED_EVERY_MS = 1_000;

/** Ada and Ben in the room `tea`, on a server that samples every second. */
export interface MeasuredCall {
  ada: Person;
  ben: Person;
  ask: Ask;
}

export interface Person {
  page: Page;
  /** Its path in the API. */
  path: string;
}

/** Ada calls from another machine, Ben from this one. Each sends two videos and two sounds: that is many packets. */
export async function callOverNetwork(t: Test): Promise<MeasuredCall & { network: Network }> {
  const network = await Network.create(t);
  const server = await measuringServer(t, { HOST: network.host, ANNOUNCED_ADDRESS: network.host });
  // Away from localhost, browsers give the camera by https only.
  const more = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
  const sources = ['camera', 'microphone', 'screen_share', 'screen_share_audio'] as const;
  const [ada, ben] = await Promise.all([
    testBrowser(t, { largePictures: true, executablePath: await network.program(t, chromiumPath()), more }),
    testBrowser(t, { whole: true, largePictures: true, more }),
  ]);
  return { network, ...(await meet(server, ada, ben, sources)) };
}

/** Ada and Ben call over a relay that keeps each packet for a time, in ms, either way. */
export async function callOverRelay(t: Test, delayMs: number): Promise<MeasuredCall & { relay: DelayRelay }> {
  const [listen, target] = ['127.0.0.9', '127.0.0.1'];
  const server = await measuringServer(t, { HOST: target, ANNOUNCED_ADDRESS: listen });
  const dumps = await Promise.all(server.workers.workers.map(({ webRtcServer }) => webRtcServer.dump()));
  const ports = dumps.flatMap(({ udpSockets }) => udpSockets.map(({ port }) => port));
  const relay = await delayRelay(t, { listen, target, ports, delayMs });
  // Few packets: what a relay does not come to do in time is no delay of its own.
  const browser = await testBrowser(t);
  return { relay, ...(await meet(server, browser, browser, ['camera'])) };
}

async function measuringServer(t: Test, settings: Record<string, string>): Promise<TestServer> {
  return testServer(
    t,
    { WORKERS: '1', STATS_INTERVAL_MS: String(SAMPLED_EVERY_MS), ...settings },
    { clientDir: await productPage() },
  );
}

async function meet(
  server: TestServer,
  hers: Browser,
  his: Browser,
  sources: readonly TrackSource[],
): Promise<MeasuredCall> {
  const [ada, ben] = await Promise.all([
    join(hers, server, 'Ada', sources),
    join(his, server, 'Ben', sources),
  ]);
  await Promise.all([receivesTracks(ada, sources.length), receivesTracks(ben, sources.length)]);
  return { ada, ben, ask: asking(server, undefined) };
}

/** Joins the room, publishes something of each source and plays whatever comes. */
async function join(
  browser: Browser,
  { rooms, url }: TestServer,
  displayName: string,
  sources: readonly TrackSource[],
): Promise<Person> {
  const { page } = await newPerson(browser);
  await page.goto(url);
  await page.waitForFunction(() => 'sdk' in window);
  await page.evaluate(
    async ({ displayName, sources }) => {
      const url = `ws://${location.host}/ws`;
      window.room = await window.sdk.Room.join({ url, room: 'tea', displayName });
      for (const source of sources) {
        const device = source === 'camera' || source === 'screen_share' ? 'camera' : 'microphone';
        await window.room.publish(await window.sdk.openDevice(device), source);
      }
      const played = new Set<MediaStreamTrack>();
      setInterval(() => {
        for (const { publications } of window.room.participants.values()) {
          for (const { kind, track } of publications.values()) {
            if (!track || played.has(track)) continue;
            played.add(track);
            const element = document.createElement(kind);
            element.autoplay = true;
            element.srcObject = new MediaStream([track]);
            document.body.append(element);
          }
        }
      }, 200);
    },
    { displayName, sources },
  );
  const present = [...rooms.rooms].flatMap(({ participants }) => [...participants.values()]);
  const id = present.find((one) => one.displayName === displayName)?.id;
  if (id === undefined) throw new Error(`${displayName} is not in the room`);
  return { page, path: `/participants/${id}` };
}

/** Waits until somebody receives so many tracks. */
async function receivesTracks({ page }: Person, count: number): Promise<void> {
  await page.waitForFunction(
    (count) =>
      [...window.room.participants.values()]
        .flatMap(({ publications }) => [...publications.values()])
        .filter(({ track }) => track).length >= count,
    count,
  );
}
