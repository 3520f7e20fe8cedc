// Demanding: see test/support/schedule.ts.
import { isDeepStrictEqual } from 'node:util';
import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import type { TrackSource } from '../../server/protocol/model.ts';
import {
  framesShown,
  inboundStats,
  isPressed,
  joinRoom,
  newPerson,
  testBrowser,
  tile,
  until,
} from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const clientDir = await builtClient();

declare global {
  interface Window {
    /** The screens that the page was given, in order. */
    captured: MediaStream[];
  }
}

/** Notes every screen that the page is given, so that one sees what becomes of its tracks. */
const noteCaptures = (page: Page) =>
  page.addInitScript(() => {
    window.captured = [];
    const original = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getDisplayMedia = async (options) => {
      const stream = await original(options);
      window.captured.push(stream);
      return stream;
    };
  });

const capturedTracks = (page: Page) =>
  page.evaluate(() =>
    window.captured.flatMap((stream) =>
      stream.getTracks().map(({ kind, readyState, contentHint }) => ({ kind, readyState, contentHint })),
    ),
  );

/** The layers of a page's videos that it sends as screens, by what the browser itself says of them. */
const screenLayers = (page: Page) =>
  page.evaluate(async () => {
    const { peerConnections } = window as unknown as { peerConnections: RTCPeerConnection[] };
    const reports = await Promise.all(peerConnections.map((connection) => connection.getStats()));
    return reports
      .flatMap((report) => [...(report as unknown as Map<string, Record<string, unknown>>).values()])
      .filter((stat) => stat['type'] === 'outbound-rtp' && stat['contentType'] === 'screenshare')
      .map((stat) => ({
        rid: String(stat['rid']),
        size: `${Number(stat['frameWidth'] ?? 0)}x${Number(stat['frameHeight'] ?? 0)}`,
        scalabilityMode: String(stat['scalabilityMode']),
      }))
      .sort((one, other) => one.rid.localeCompare(other.rid));
  });

const share = (page: Page) => page.getByRole('button', { name: 'Share screen', exact: true });

const gone = (page: Page, name: string) => tile(page, name).waitFor({ state: 'detached' });

const publicationsOf = ({ rooms }: TestServer, name: string) =>
  [...rooms.rooms]
    .flatMap((room) => [...room.participants.values()])
    .filter(({ displayName }) => displayName === name)
    .flatMap(({ publications }) => [...publications.values()]);

/** Until the server has these tracks of somebody, and no other: a picture and its sound come and go one after the other. */
const publishes = (server: TestServer, name: string, sources: TrackSource[]) =>
  until(
    `${name} publishes ${sources.join(', ') || 'nothing'}`,
    () => Promise.resolve(publicationsOf(server, name).map(({ source }) => source)),
    (all) => all.sort().join() === sources.join(),
  );

t.test('a screen is seen at full size, heard, and gone when it is stopped', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t, { largePictures: true });
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  await noteCaptures(ada);
  await joinRoom(ada, server.url, 'tea', 'Ada');
  await joinRoom(ben, server.url, 'tea', 'Ben');
  await tile(ben, 'Ada').locator('video').waitFor();

  await share(ada).click();
  await ada.getByText('You are sharing your screen, with its sound.').waitFor();
  await until(
    'Ben sees the screen move',
    () => framesShown(ben, 'Ada’s screen'),
    (frames) => frames > 10,
  );
  await until(
    'it comes at the size at which it was captured',
    () => inboundStats(ben),
    (all) => all.some(({ frameWidth, frameHeight }) => frameWidth === 1920 && frameHeight === 1080),
    60_000,
  );
  const wanted = [
    { rid: 'r0', size: '960x540', scalabilityMode: 'L1T3' },
    { rid: 'r1', size: '1920x1080', scalabilityMode: 'L1T3' },
  ];
  await until(
    'both layers are sent, one at full size',
    () => screenLayers(ada),
    (layers) => isDeepStrictEqual(layers, wanted),
    60_000,
  );
  t.same(await capturedTracks(ada), [
    { kind: 'audio', readyState: 'live', contentHint: 'music' },
    { kind: 'video', readyState: 'live', contentHint: 'detail' },
  ]);
  await until(
    'the screen has the stage',
    () => Promise.all([tile(ben, 'Ada’s screen').boundingBox(), tile(ben, 'Ada').boundingBox()]),
    ([screen, camera]) => screen !== null && camera !== null && screen.width > 3 * camera.width,
  );
  t.equal(await tile(ada, 'Ada’s screen').count(), 0, 'nobody sees a screen in itself');

  await tile(ben, 'Ada’s screen')
    .getByRole('button', { name: /^Connection of Ada/ })
    .click();
  const figures = ben.locator('.quality-panel:popover-open');
  await figures.getByRole('row', { name: 'Screen' }).filter({ hasText: '1080p, ' }).waitFor();
  await ben.keyboard.press('Escape');
  await figures.waitFor({ state: 'detached' });
  t.pass('its tile has a sign, and figures of it');

  const heard = await until(
    'Ben hears Ada and what her screen plays',
    () => inboundStats(ben),
    (all) => all.filter(({ kind, bytesReceived }) => kind === 'audio' && bytesReceived > 0).length === 2,
  );
  t.equal(heard.filter(({ kind }) => kind === 'video').length, 2);
  const sound = publicationsOf(server, 'Ada').find(({ source }) => source === 'screen_share_audio');
  const [opus] = sound?.producer.rtpParameters.codecs ?? [];
  t.match(opus, { mimeType: 'audio/opus', parameters: { 'sprop-stereo': 1 } });
  t.not(opus?.parameters?.['usedtx'], 1, 'what is quiet in it is sent too');

  for (const socket of server.app.websocketServer.clients) socket.terminate();
  const before = await framesShown(ben, 'Ada’s screen');
  await until(
    'it goes on over new connections',
    () => framesShown(ben, 'Ada’s screen'),
    (frames) => frames > before + 20,
  );
  t.equal(await share(ada).getAttribute('aria-pressed'), 'true');

  await ada.getByRole('button', { name: 'Stop sharing' }).click();
  await gone(ben, 'Ada’s screen');
  t.same(
    (await capturedTracks(ada)).map(({ readyState }) => readyState),
    ['ended', 'ended'],
    'nothing is recorded any more',
  );
  await publishes(server, 'Ada', ['camera', 'microphone']);

  await share(ada).click();
  await tile(ben, 'Ada’s screen').locator('video').waitFor();
  await share(ada).click();
  await gone(ben, 'Ada’s screen');
  await isPressed('its button stops it, too', share(ada), false);
});

t.test(
  'a tab is seen by who comes later, though nothing moves, and withdrawn when it is closed',
  async (t) => {
    const server = await testServer(t, {}, { clientDir });
    const browser = await testBrowser(t, {
      whole: true,
      largePictures: true,
      allowMedia: false,
      more: ['--auto-select-tab-capture-source-by-title=Slides'],
    });
    const { page: ben } = await newPerson(browser);
    await joinRoom(ben, server.url, 'tea', 'Ben');
    const { page: ada, context } = await newPerson(browser);
    await noteCaptures(ada);
    const slides = await context.newPage();
    await slides.setContent('<title>Slides</title><h1>Nothing moves on this page</h1>');
    await joinRoom(ada, server.url, 'tea', 'Ada');
    await share(ada).click();
    const { page: cleo } = await newPerson(browser);
    const sees = (page: Page) =>
      until(
        'the tab is seen',
        () => framesShown(page, 'Ada’s screen'),
        (frames) => frames > 0,
      );
    await sees(ben);
    await joinRoom(cleo, server.url, 'tea', 'Cleo');
    await sees(cleo);
    await publishes(server, 'Ada', ['screen_share', 'screen_share_audio']);
    t.pass('the tab and its sound: she has neither camera nor microphone');
    await tile(ben, 'Ada').waitFor();

    await slides.close();
    await gone(ben, 'Ada’s screen');
    await ada.getByText('You are sharing your screen').waitFor({ state: 'hidden' });
    await publishes(server, 'Ada', []);
    t.same(
      (await capturedTracks(ada)).map(({ readyState }) => readyState),
      ['ended', 'ended'],
    );
  },
);

t.test('where a screen cannot be shared, one is told why, or not asked to', async (t) => {
  const { url } = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t, { largePictures: true });
  const failing = async (name: string, message: string) => {
    const { page } = await newPerson(browser);
    await page.addInitScript(
      ([name, message]) => {
        navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException(message, name));
      },
      [name, message] as const,
    );
    await joinRoom(page, url, 'tea', 'Ada');
    await share(page).click();
    return page;
  };
  const cancelled = await failing('NotAllowedError', 'Permission denied');
  await until(
    'it does not wait any more',
    () => share(cancelled).getAttribute('aria-busy'),
    (busy) => busy === 'false',
  );
  t.equal(await cancelled.locator('.notice').count(), 0, 'who chose none knows that');
  t.equal(await share(cancelled).getAttribute('aria-pressed'), 'false');

  const refused = await failing('NotAllowedError', 'Permission denied by system');
  await refused.getByText(/The system does not let the browser record the screen/).waitFor();

  const { page: telephone } = await newPerson(browser);
  await telephone.addInitScript(() => Reflect.deleteProperty(MediaDevices.prototype, 'getDisplayMedia'));
  await joinRoom(telephone, url, 'tea', 'Ben');
  t.equal(await share(telephone).count(), 0);
});

t.test('a sound that the server refuses is not recorded either', async (t) => {
  const { url } = await testServer(t, { MAX_PRODUCERS: '3' }, { clientDir });
  const { page: ada } = await newPerson(await testBrowser(t, { largePictures: true }));
  await noteCaptures(ada);
  await joinRoom(ada, url, 'tea', 'Ada');
  for (const name of ['Microphone', 'Camera'])
    await ada.locator('[aria-pressed=true]').getByText(name, { exact: true }).waitFor();
  await share(ada).click();
  await ada.getByText('A participant may publish 3 tracks.').waitFor();
  await ada.getByText('You are sharing your screen.', { exact: true }).waitFor();
  t.same(
    (await capturedTracks(ada)).map(({ kind, readyState }) => `${kind} ${readyState}`),
    ['audio ended', 'video live'],
  );
});

t.test('with one place for a video, the screen has it, unless the user chooses another', async (t) => {
  const { url } = await testServer(t, tokenSettings, { clientDir });
  const browser = await testBrowser(t, { largePictures: true });
  const { page: ada } = await newPerson(browser);
  await joinRoom(ada, url, 'tea', 'Ada');
  const { page: ben } = await newPerson(browser);
  const token = await tokenOf('ben', { roomJoin: true, maxVideoStreams: 1 });
  await joinRoom(ben, url, 'tea', 'Ben', `#access_token=${token}`);
  const watchInstead = (name: string) =>
    tile(ben, name).getByRole('button', { name: 'Watch instead', exact: true });
  const moves = (name: string) =>
    until(
      `Ben sees ${name}`,
      () => framesShown(ben, name),
      (frames) => frames > 5,
    );
  await moves('Ada');
  await share(ada).click();
  await moves('Ada’s screen');
  await watchInstead('Ada').click();
  await moves('Ada');
  const pin = tile(ben, 'Ada').getByRole('button', { name: 'Pin Ada', exact: true });
  await isPressed('what one chose oneself is pinned', pin, true);
  await watchInstead('Ada’s screen').waitFor();
  await pin.click();
  await moves('Ada’s screen');
  await isPressed('let go, the screen comes back by itself', pin, false);

  const pinScreen = tile(ben, 'Ada’s screen').getByRole('button', { name: 'Pin Ada’s screen', exact: true });
  await pinScreen.click();
  await isPressed('so is the screen', pinScreen, true);
  await pin.click();
  await moves('Ada');
  await isPressed('what is pinned is seen, though every place was pinned', pin, true);
  await isPressed('another one made way', pinScreen, false);
});

t.test('who may watch no video is told so', async (t) => {
  const { url } = await testServer(t, tokenSettings, { clientDir });
  const browser = await testBrowser(t, { largePictures: true });
  const { page: ada } = await newPerson(browser);
  await joinRoom(ada, url, 'tea', 'Ada');
  const { page: ben } = await newPerson(browser);
  const token = await tokenOf('ben', { roomJoin: true, maxVideoStreams: 0 });
  await joinRoom(ben, url, 'tea', 'Ben', `#access_token=${token}`);
  await tile(ben, 'Ada').getByText('You may watch no video here.').waitFor();
  const others = tile(ben, 'Ada').getByRole('button').filter({ hasNotText: 'Connection of Ada' });
  t.equal(await others.count(), 0, 'and there is nothing that one could do');
});
