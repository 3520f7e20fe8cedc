// Demanding: see test/support/schedule.ts.
import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import {
  framesShown,
  inboundStats,
  joinRoom,
  newPerson,
  testBrowser,
  tile,
  until,
  type Inbound,
} from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testServer } from '../support/server.ts';

const clientDir = await builtClient();

/** Whoever is gone within a test has left: who is cut off keeps the place for longer. */
const longGrace = { RESUME_GRACE_MS: '600000' };

const people = (page: Page) =>
  page.getByRole('group').evaluateAll((tiles) => tiles.map((one) => one.getAttribute('aria-label')));

const ofKind = (kind: string) => (all: Inbound[]) => all.filter((one) => one.kind === kind);
const video = ofKind('video');
const audio = ofKind('audio');

t.test('three people in one room see and hear each other, and one leaves', async (t) => {
  const { url, rooms } = await testServer(t, longGrace, { clientDir });
  const browser = await testBrowser(t);
  const names = ['Ada', 'Ben', 'Cleo'];
  const pages = await Promise.all(
    names.map(async (name) => {
      const { page } = await newPerson(browser);
      await joinRoom(page, url, 'tea', name);
      return page;
    }),
  );
  const [ada, ben, cleo] = pages as [Page, Page, Page];

  for (const [index, page] of pages.entries()) {
    const me = names[index] ?? '';
    for (const name of names) await tile(page, name).waitFor();
    for (const other of names.filter((name) => name !== me)) {
      const before = await until(
        `${me} sees ${other}`,
        () => framesShown(page, other),
        (frames) => frames > 5,
      );
      await until(
        `${me} goes on seeing ${other}`,
        () => framesShown(page, other),
        (frames) => frames > before + 10,
      );
    }
    const stats = await until(
      `${me} decodes two pictures and two sounds`,
      () => inboundStats(page),
      (all) =>
        video(all).filter(({ framesDecoded }) => framesDecoded > 10).length === 2 &&
        audio(all).filter(({ bytesReceived }) => bytesReceived > 0).length === 2,
    );
    t.equal(video(stats).length, 2, `${me} receives exactly two pictures`);
    const heard = audio(stats).filter(({ bytesReceived }) => bytesReceived > 0);
    t.equal(heard.length, 2, `${me} receives two sounds`);
    await until(
      `${me} goes on hearing both`,
      () => inboundStats(page),
      (later) =>
        heard.every(({ trackIdentifier, bytesReceived }) =>
          later.some((one) => one.trackIdentifier === trackIdentifier && one.bytesReceived > bytesReceived),
        ),
    );
  }

  const publications = [...rooms.rooms].flatMap((room) =>
    [...room.participants.values()].flatMap((participant) => [...participant.publications.values()]),
  );
  for (const { source, producer } of publications) {
    const [codec] = producer.rtpParameters.codecs;
    if (source === 'camera') {
      t.equal(codec?.mimeType, 'video/VP8');
      t.equal(producer.rtpParameters.encodings?.length, 3, 'three simulcast layers');
    } else {
      t.match(codec, { mimeType: 'audio/opus', parameters: { usedtx: 1 } });
    }
  }
  t.equal(publications.length, 6);

  const left = Date.now();
  await cleo.getByRole('button', { name: 'Leave' }).click();
  await Promise.all([ada, ben].map((page) => tile(page, 'Cleo').waitFor({ state: 'detached' })));
  t.comment(`the tile was gone after ${Date.now() - left} ms`);
  t.same((await people(ada)).sort(), ['Ada', 'Ben']);
});

t.test('two people see each other at full size, and a page that is loaded again comes back', async (t) => {
  const { url, rooms } = await testServer(t, longGrace, { clientDir });
  const browser = await testBrowser(t, { largePictures: true });
  const [{ page: ada }, { page: ben }] = await Promise.all([newPerson(browser), newPerson(browser)]);
  await joinRoom(ada, url, 'tea', 'Ada');
  await joinRoom(ben, url, 'tea', 'Ben');
  await until(
    'Ada sees Ben',
    () => framesShown(ada, 'Ben'),
    (frames) => frames > 0,
  );

  await until(
    'at full size',
    () => inboundStats(ada),
    (all) => video(all).some(({ frameWidth, framesDecoded }) => frameWidth === 1280 && framesDecoded > 10),
    // On a busy machine the estimate of the bandwidth rises slowly.
    120_000,
  );

  const places = () => [...([...rooms.rooms][0]?.participants.keys() ?? [])];
  const before = places();
  await ben.reload();
  await joinRoom(ben, url, 'tea', 'Ben');
  await until(
    'Ada sees Ben again',
    () => framesShown(ada, 'Ben'),
    (frames) => frames > 5,
  );
  await until(
    'Ben sees Ada',
    () => framesShown(ben, 'Ada'),
    (frames) => frames > 5,
  );
  t.same(places(), before, 'and is in the same place');

  const closed = Date.now();
  await ben.close();
  await tile(ada, 'Ben').waitFor({ state: 'detached' });
  t.comment(`the tile of a closed page was gone after ${Date.now() - closed} ms`);
});
