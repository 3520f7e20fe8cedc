import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import type { TrackSource } from '../../server/protocol/model.ts';
import { testBrowser, until } from '../support/browser.ts';
import { joinOnPage as join, productPage, publishOnPage as publish } from '../support/product-page.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

/** Waits until something that others publish plays. */
const plays = (page: Page, source: TrackSource) =>
  page.waitForFunction(
    (source) => [...window.room.participants.values()].some((one) => one.publication(source)?.track),
    source,
  );

/** What of the others' videos one receives and has pinned. */
const videos = (page: Page) =>
  page.evaluate(() => {
    const publications = [...window.room.participants.values()].flatMap(({ publications }) => [
      ...publications.values(),
    ]);
    const sourcesOf = (chosen: typeof publications) => chosen.map(({ source }) => source);
    return {
      received: sourcesOf(publications.filter(({ kind, track }) => kind === 'video' && track)),
      pinned: sourcesOf(
        publications.filter(({ participantId, source }) => window.room.isPinned(participantId, source)),
      ),
    };
  });

t.test('what the SDK says is pinned is pinned by the server, too', async (t) => {
  const { app, url } = await testServer(t, tokenSettings, { clientDir: await productPage() });
  const browser = await testBrowser(t);
  const ada = await join(browser, url, 'Ada');
  await publish(ada, 'camera', 'camera');
  const ben = await join(browser, url, 'Ben', await tokenOf('ben', { roomJoin: true, maxVideoStreams: 1 }));
  await plays(ben, 'camera');
  t.same(await videos(ben), { received: ['camera'], pinned: [] });

  await t.test('a video that the server has offered, and one chooses', async (t) => {
    await ben.evaluate(async () => {
      const [camera] = [...window.room.participants.values()].map((one) => one.publication('camera'));
      if (camera) await window.room.watchInstead(camera);
    });
    t.same((await videos(ben)).pinned, ['camera']);
    await publish(ada, 'camera', 'screen_share');
    // Several round trips later the server has long chosen.
    await publish(ada, 'microphone', 'microphone');
    await plays(ben, 'microphone');
    t.same(
      await videos(ben),
      { received: ['camera'], pinned: ['camera'] },
      'the screen does not take its place',
    );
  });

  await t.test('what the server refuses, or is not reached for, is not pinned', async (t) => {
    const nobody = randomUUID();
    const answer = await ben.evaluate(async (nobody) => {
      const told = await window.room.setPinned(nobody, 'camera', true).then(
        () => '',
        (error: unknown) => (error instanceof window.sdk.SignallingError ? error.code : String(error)),
      );
      return [told, window.room.isPinned(nobody, 'camera')];
    }, nobody);
    t.same(answer, ['not_found', false]);

    const unpinned = ben.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const [id = ''] = [...window.room.participants.keys()];
          window.room.on('stateChanged', (state) => {
            if (state !== 'reconnecting') return;
            window.room.setPinned(id, 'camera', false).then(
              () => resolve(''),
              (error: unknown) =>
                resolve(error instanceof window.sdk.SignallingError ? error.code : String(error)),
            );
          });
        }),
    );
    await ben.evaluate(() => 'the listener is there');
    for (const socket of app.websocketServer.clients) socket.terminate();
    t.equal(await unpinned, 'unreachable');
    t.same((await videos(ben)).pinned, ['camera'], 'it is as before');
    await ben.waitForFunction(() => window.room.state === 'connected');
    await ben.evaluate(() => {
      const [id = ''] = [...window.room.participants.keys()];
      return window.room.setPinned(id, 'camera', false);
    });
    await until(
      'the screen has its place',
      () => videos(ben),
      ({ received, pinned }) => received.join() === 'screen_share' && pinned.length === 0,
    );
  });
});

t.test('a host’s tools succeed where the one they are for is gone', async (t) => {
  const { url } = await testServer(t, tokenSettings, { clientDir: await productPage() });
  const browser = await testBrowser(t);
  const host = await join(browser, url, 'Ada', await tokenOf('ada', { roomJoin: true, roomAdmin: true }));
  const ben = await join(browser, url, 'Ben');
  const nobody = randomUUID();
  await host.evaluate((nobody) => window.room.host.removeParticipant(nobody), nobody);
  await host.evaluate((nobody) => window.room.host.muteParticipant(nobody), nobody);
  t.equal(
    await ben.evaluate(() => window.room.host.closeForAll().catch((error: unknown) => String(error))),
    'SignallingError: Only hosts may do this: it needs a token with the grant roomAdmin.',
  );
  await host.evaluate(() => window.room.host.closeForAll());
  t.equal(await host.evaluate(() => window.room.state), 'left');
  await ben.waitForFunction(() => window.room.state === 'left');
});
