import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import { AppError } from '../../server/errors.ts';
import type { Participant } from '../../server/rooms/participant.ts';
import { inboundStats, testBrowser, until } from '../support/browser.ts';
import { joinOnPage, productPage, publishOnPage } from '../support/product-page.ts';
import { testRelay } from '../support/relay.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

declare global {
  interface Window {
    /** What the room told of its own tracks, in order. */
    told: string[];
  }
}

const clientDir = await productPage();

/** The first one who came. */
function participantOf({ rooms }: TestServer): Participant {
  const [participant] = [...([...rooms.rooms][0]?.participants.values() ?? [])];
  if (!participant) throw new Error('nobody is there');
  return participant;
}

/** What the server has of somebody. */
const taken = (participant: Participant) => [...participant.publications.keys()].sort();

/** What somebody publishes, by source, and whether the server has it. */
const published = (page: Page) =>
  page.evaluate(() =>
    [...window.room.local.values()].map(({ source, producer }) => `${source} ${producer ? 'sent' : 'waits'}`),
  );

/** The ids under which the server should have it. */
const sentIds = (page: Page) =>
  page.evaluate(() => [...window.room.local.values()].map(({ producer }) => producer?.id ?? 'none').sort());

const listen = (page: Page) =>
  page.evaluate(() => {
    window.told = [];
    window.room.on('localTrackStopped', (source, why) =>
      window.told.push(`stopped ${source}: ${why && 'code' in why ? why.code : why?.problem}`),
    );
    window.room.on('stateChanged', (state) => window.told.push(state));
    window.room.on('problem', (error) =>
      window.told.push(error instanceof window.sdk.SignallingError ? error.code : String(error)),
    );
  });

const refusals = async (page: Page) =>
  (await page.evaluate(() => window.told)).filter((one) => /forbidden|stopped/.test(one));

const isBack = (page: Page) => page.waitForFunction(() => window.room.state === 'connected');
const isAway = (page: Page) => page.waitForFunction(() => window.room.state === 'reconnecting');
const comesNextWith = (page: Page, token: string) => page.evaluate((token) => (window.token = token), token);

t.test('what has no answer, though the connection seems to live, is sent all the same', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const relay = await testRelay(t, server.url);
  const browser = await testBrowser(t);
  const ada = await joinOnPage(browser, relay.url, 'Ada');
  const ben = await joinOnPage(browser, server.url, 'Ben');
  await listen(ada);
  const participant = participantOf(server);
  const isSent = async (sources: string[]) => {
    await until(
      'the server has it',
      () => published(ada),
      (all) => all.join() === sources.map((source) => `${source} sent`).join(),
    );
    await isBack(ada);
    t.same(taken(participant), await sentIds(ada), 'and nothing else');
  };

  await t.test('the answer that connects the transport', async () => {
    relay.stall();
    await publishOnPage(ada, 'camera', 'camera');
    await isSent(['camera']);
    await until(
      'it is seen',
      () => inboundStats(ben),
      (stats) => stats.some(({ framesDecoded }) => framesDecoded > 0),
    );
  });

  await t.test('the answer that takes the track', async () => {
    relay.stall();
    await publishOnPage(ada, 'microphone', 'microphone');
    await isSent(['camera', 'microphone']);
  });
  t.equal(participantOf(server), participant, 'it is the same place');
  t.same(
    (await ada.evaluate(() => window.told)).filter((one) => one !== 'unreachable'),
    ['reconnecting', 'connected', 'reconnecting', 'connected'],
    'it came back once for each',
  );
});

t.test('what is refused on coming back ends, the rest is sent', async (t) => {
  const all = await tokenOf('ada', { roomJoin: true });
  const noCamera = await tokenOf('ada', {
    roomJoin: true,
    canPublishSources: ['microphone', 'screen_share'],
  });
  const onlyScreen = await tokenOf('ada', { roomJoin: true, canPublishSources: ['screen_share'] });
  const server = await testServer(t, tokenSettings, { clientDir });
  const relay = await testRelay(t, server.url);
  const browser = await testBrowser(t);
  const ada = await joinOnPage(browser, relay.url, 'Ada', all);
  await publishOnPage(ada, 'camera', 'camera');
  await listen(ada);
  const cameraTrack = await ada.evaluateHandle(() => window.room.local.get('camera')?.track);

  await t.test('to the same place', async (t) => {
    await comesNextWith(ada, noCamera);
    relay.cut();
    await isAway(ada);
    await publishOnPage(ada, 'microphone', 'microphone');
    t.same(await published(ada), ['camera sent', 'microphone waits']);
    relay.mend();
    await until(
      'only the sound is sent',
      () => published(ada),
      (all) => all.join() === 'microphone sent',
    );
    t.equal(await cameraTrack.evaluate((track) => track?.readyState), 'ended');
    t.same(await refusals(ada), ['forbidden', 'stopped camera: forbidden']);
    t.same(taken(participantOf(server)), await sentIds(ada));
  });

  await t.test('to another place', async (t) => {
    await publishOnPage(ada, 'camera', 'screen_share');
    await comesNextWith(ada, onlyScreen);
    relay.cut();
    participantOf(server).close('disconnected');
    await isAway(ada);
    relay.mend();
    await until(
      'only the screen is sent',
      () => published(ada),
      (all) => all.join() === 'screen_share sent',
    );
    t.same((await refusals(ada)).slice(-2), ['forbidden', 'stopped microphone: forbidden']);
    t.same(taken(participantOf(server)), await sentIds(ada));
  });
});

t.test('what cannot be taken at present on coming back is sent again after a while', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const relay = await testRelay(t, server.url);
  const ada = await joinOnPage(await testBrowser(t), relay.url, 'Ada');
  await listen(ada);
  const participant = participantOf(server);
  const produce = participant.produce.bind(participant);
  participant.produce = () => {
    participant.produce = produce;
    return Promise.reject(new AppError('unavailable', 'Not now.'));
  };
  relay.cut();
  await isAway(ada);
  await publishOnPage(ada, 'camera', 'camera');
  relay.mend();
  await until(
    'it is sent',
    () => published(ada),
    (all) => all.join() === 'camera sent',
  );
  const told = await ada.evaluate(() => window.told);
  t.ok(told.includes('unavailable'));
  t.notMatch(told.join(), /stopped/);
  t.same(taken(participant), await sentIds(ada));
});

t.test('who is out of the room publishes nothing: tracks are stopped, and it is said', async (t) => {
  const { url } = await testServer(t, {}, { clientDir });
  const browser = await testBrowser(t);
  const late = (page: Page, when: 'before' | 'meanwhile', what: 'camera' | 'screen') =>
    page.evaluate(
      async ([when, what]) => {
        const [video, audio] = await Promise.all([
          window.sdk.openDevice('camera'),
          window.sdk.openDevice('microphone'),
        ]);
        const { room } = window;
        if (when === 'before') room.leave();
        const work = what === 'camera' ? room.publish(video, 'camera') : room.publishScreen({ video, audio });
        if (when === 'meanwhile') room.leave();
        if (what === 'camera') audio.stop();
        const code = await work.then(
          () => 'resolved',
          (error: unknown) => (error instanceof window.sdk.SignallingError ? error.code : String(error)),
        );
        return [code, video.readyState, audio.readyState, room.local.size];
      },
      [when, what] as const,
    );
  for (const when of ['before', 'meanwhile'] as const) {
    for (const what of ['camera', 'screen'] as const) {
      const ada = await joinOnPage(browser, url, 'Ada');
      t.same(await late(ada, when, what), ['not_joined', 'ended', 'ended', 0], `${what}, left ${when}`);
      await ada.context().close();
    }
  }
  const ben = await joinOnPage(browser, url, 'Ben');
  const code = await ben.evaluate(async () => {
    const track = await window.sdk.openDevice('camera');
    const work = window.room.publish(track, 'camera').catch((error: unknown) => error);
    // The server is being asked by then.
    await new Promise((resolve) => setTimeout(resolve));
    window.room.leave();
    const error = await work;
    return [error instanceof window.sdk.SignallingError ? error.code : String(error), track.readyState];
  });
  t.same(code, ['not_joined', 'ended'], 'while the server is asked');
});
