import type { Page } from 'playwright-core';
import type { RoomRegistry } from '../../server/rooms/registry.ts';
import t, { type Test } from '../support/tap.ts';
import { inboundStats, testBrowser, until } from '../support/browser.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { joinTea, openProductPage, productPage, publishOnPage } from '../support/product-page.ts';
import { testServer } from '../support/server.ts';
import { spoilTracks, type Fault } from '../support/spoiled-tracks.ts';
import { camera, microphone } from '../support/tracks.ts';
import { counts } from '../support/watching.ts';

const clientDir = await productPage();

/** Peers in the room, each with a microphone. */
async function speakers(t: Test, url: string, count: number) {
  const all: { peer: JoinedPeer; producerId: string }[] = [];
  for (let index = 0; index < count; index += 1) {
    const peer = await Peer.inRoom(t, url, 'tea');
    all.push({ peer, ...(await peer.request('produce', microphone(peer))) });
  }
  return all;
}

/** Joins as Me, and keeps what the room tells. */
const join = (page: Page) =>
  page.evaluate(async () => {
    const told = { problems: [] as string[], states: [] as string[] };
    Object.assign(window, { told });
    window.room = await window.sdk.Room.join({
      url: `ws://${location.host}/ws`,
      room: 'tea',
      displayName: 'Me',
    });
    window.room.on('problem', (error) => told.problems.push(String(error)));
    window.room.on('stateChanged', (state) => told.states.push(state));
  });

const told = (page: Page) =>
  page.evaluate(() => (window as unknown as { told: { problems: string[]; states: string[] } }).told);

/** The ids of the producers that a page receives, and of those that have failed. */
const received = (page: Page) =>
  page.evaluate(() => {
    const all = [...window.room.participants.values()].flatMap(({ publications }) => [
      ...publications.values(),
    ]);
    return {
      received: all.filter(({ track }) => track?.readyState === 'live').map(({ id }) => id),
      failed: all.filter((one) => window.room.hasFailed(one)).map(({ id }) => id),
    };
  });

const receives = (what: string, page: Page, producerIds: string[], failed: string[] = []) =>
  until(
    what,
    () => received(page),
    (now) =>
      [...now.received].sort().join() === [...producerIds].sort().join() &&
      [...now.failed].sort().join() === [...failed].sort().join(),
  );

/** Bytes of all sounds that a page receives now. */
const soundBytes = async (page: Page): Promise<number> =>
  (await inboundStats(page))
    .filter(({ kind }) => kind === 'audio')
    .reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);

const participant = (rooms: RoomRegistry, room: string, displayName: string) =>
  [...(rooms.find(room)?.participants.values() ?? [])].find((one) => one.displayName === displayName);

for (const [fault, bad] of [
  ['invalidExtension', 0],
  ['invalidExtension', 2],
  ['noEncoding', 2],
  ['videoCodec', 0],
] as const satisfies readonly (readonly [Fault, number])[]) {
  t.test(`sound ${bad} of four has a fault, ${fault}: a newcomer hears the others`, async (t) => {
    const { url, rooms } = await testServer(t, {}, { clientDir });
    const browser = await testBrowser(t);
    const all = await speakers(t, url, 4);
    const ids = all.map(({ producerId }) => producerId);
    const badId = ids[bad] ?? '';
    const good = ids.filter((id) => id !== badId);
    const page = await openProductPage(browser, url);
    await spoilTracks(page, [badId], fault);
    await join(page);
    const me = participant(rooms, 'tea', 'Me');
    let replaced = 0;
    me?.transports.on('opened', () => (replaced += 1));

    await receives('the others are heard', page, good, [badId]);
    await until(
      'the bad one is given up',
      () => told(page),
      ({ problems }) => problems.length === (fault === 'videoCodec' ? 1 : 2),
    );
    all[bad]?.peer.socket.close(1000);
    await receives('and still, when it has left', page, good);
    const [late] = await speakers(t, url, 1);
    await receives('and who comes later', page, [...good, late?.producerId ?? '']);
    t.same((await told(page)).states, [], 'one was in the room throughout');
    t.equal(me?.closed, false, 'in the same place');
    t.ok(replaced <= (fault === 'videoCodec' ? 0 : 3), `${replaced} times another transport`);
    t.equal(me?.consumers.size, good.length + 1);
  });
}

t.test('a track that comes later and breaks the transport interrupts a call, and ends nothing', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const { url, rooms } = server;
  const browser = await testBrowser(t);
  const ben = await openProductPage(browser, url);
  await joinTea(ben, 'Ben');
  await publishOnPage(ben, 'microphone', 'microphone');
  await publishOnPage(ben, 'camera', 'camera');
  const page = await openProductPage(browser, url);
  await spoilTracks(page, [], 'invalidExtension');
  await join(page);
  await publishOnPage(page, 'microphone', 'microphone');
  const ofBen = await until(
    'Ben is seen and heard',
    () => received(page),
    (now) => now.received.length === 2,
  );
  await page.evaluate(async () => {
    const [camera] = [...window.room.participants.values()].map((one) => one.publication('camera'));
    if (camera) await window.room.watchInstead(camera);
  });
  const me = participant(rooms, 'tea', 'Me');
  const [send, recv] = [me?.transports.of('send')?.id, me?.transports.of('recv')?.id];

  await spoilTracks(page, 'later', 'invalidExtension');
  const [bad] = await speakers(t, url, 1);
  await until(
    'the bad one is given up',
    () => told(page),
    ({ problems }) => problems.length === 2,
  );
  await receives('Ben is seen and heard again', page, ofBen.received, [bad?.producerId ?? '']);
  const before = await soundBytes(page);
  await until(
    'sound arrives',
    () => soundBytes(page),
    (now) => now > before + 1_000,
  );
  t.not(me?.transports.of('recv')?.id, recv, 'the transport was replaced');
  t.equal(me?.transports.of('send')?.id, send, 'the other one was not');
  t.same([me?.closed, (await told(page)).states], [false, []], 'the place is the same');
  t.equal((await counts(server)).slots, 1, 'Ben’s camera holds one slot');
  t.ok(
    await page.evaluate(() =>
      [...window.room.participants.keys()].some((id) => window.room.isPinned(id, 'camera')),
    ),
    'it is pinned still',
  );
});

t.test('a camera of the server’s choice that cannot be received leaves its slot to the others', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const { url } = server;
  const browser = await testBrowser(t);
  const peers = await Promise.all(Array.from({ length: 4 }, () => Peer.inRoom(t, url, 'tea')));
  const ids: string[] = [];
  for (const peer of peers) {
    ids.push((await peer.request('produce', microphone(peer))).producerId);
    ids.push((await peer.request('produce', camera(peer))).producerId);
  }
  const badId = ids[1] ?? '';
  const page = await openProductPage(browser, url);
  await spoilTracks(page, [badId], 'invalidExtension');
  await join(page);
  await receives(
    'the other cameras, and all sounds',
    page,
    ids.filter((id) => id !== badId),
    [badId],
  );
  t.equal((await counts(server)).slots, 3);
});

t.test(
  'in a large room everybody is heard, though it takes more messages than the server takes at once',
  async (t) => {
    const { url, config } = await testServer(t, {}, { clientDir });
    const browser = await testBrowser(t);
    const ids: string[] = [];
    for (const { peer, producerId } of await speakers(t, url, 32)) {
      const screen = { ...microphone(peer), source: 'screen_share_audio' } as const;
      ids.push(producerId, (await peer.request('produce', screen)).producerId);
    }
    t.ok(ids.length * 2 > config.MESSAGES_BURST);
    const page = await openProductPage(browser, url);
    await join(page);
    await receives('all sounds', page, ids);
    t.same(await told(page), { problems: [], states: [] });
  },
);
