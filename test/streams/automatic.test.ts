import t, { type Test } from '../support/tap.ts';
import { newUser, Peer, type Credentials, type JoinedPeer } from '../support/peer.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { vp8 } from '../support/rtp.ts';
import { TestClock } from '../support/test-clock.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';
import { both, camera, counts } from '../support/watching.ts';

interface Offered {
  id: string;
  producerId: string;
  streamId: string;
}

/** Somebody who leaves the choice to the server, and plays what is offered. */
async function viewer(
  t: Test,
  url: string,
  room: string,
  as: Credentials | string = {},
): Promise<JoinedPeer> {
  return Peer.inRoom(t, url, room, as, { autoSubscribe: true });
}

/** The n-th video that a peer was offered; it is played. */
async function offered(peer: JoinedPeer, index: number): Promise<Offered> {
  await peer.next('consumerAdded', () => offersTo(peer).length > index);
  const offer = offersTo(peer)[index];
  if (offer?.streamId === undefined) throw new Error('a video without a stream');
  await peer.request('resumeConsumer', { consumerId: offer.id });
  return { ...offer, streamId: offer.streamId };
}

const offersTo = ({ received }: Peer) =>
  received.flatMap((one) => (one.event === 'consumerAdded' ? [one.data] : []));

async function publishers(t: Test, url: string, room: string, count: number) {
  const peers: { peer: JoinedPeer; id: string; producerId: string }[] = [];
  for (let index = 0; index < count; index += 1) {
    const peer = await Peer.inRoom(t, url, room);
    peers.push({ peer, id: peer.joined.participantId, producerId: await camera(peer) });
  }
  return peers;
}

/** Somebody leads the conversation, as the observers of the room would say. */
function speaks({ rooms }: TestServer, room: string, participantId: string): void {
  const found = rooms.find(room);
  found?.speech.lead(participantId, performance.now());
  found?.emit('changed');
}

/** Holds up whoever comes, until it is opened. */
class Gate {
  open: () => void = () => undefined;
  readonly reached: Promise<void>;
  readonly #opened = new Promise<void>((resolve) => (this.open = resolve));
  #reach: () => void = () => undefined;

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
  }

  pass(): Promise<void> {
    this.#reach();
    return this.#opened;
  }
}

const screen = async (peer: JoinedPeer): Promise<string> => {
  const { producerId } = await peer.request('produce', {
    transportId: peer.send.id,
    kind: 'video',
    source: 'screen_share',
    rtpParameters: vp8(),
  });
  return producerId;
};

t.test('who does nothing watches three, and never four', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 5);
  const ada = await viewer(t, url, 'tea');
  const first = [await offered(ada, 0), await offered(ada, 1), await offered(ada, 2)];
  t.same(
    first.map(({ producerId }) => producerId),
    cameras.slice(0, 3).map(({ producerId }) => producerId),
    'those who came first, as long as nobody has spoken',
  );
  t.same(await counts(server), both(3));

  speaks(server, 'tea', cameras[4]?.id ?? '');
  const fourth = await offered(ada, 3);
  t.equal(fourth.producerId, cameras[4]?.producerId, 'who speaks comes');
  t.match(await ada.next('consumerClosed'), { consumerId: first[2]?.id, reason: 'replaced' });
  t.same(await counts(server), both(3));

  cameras[0]?.peer.socket.close(1000);
  const fifth = await offered(ada, 4);
  t.not(fifth.producerId, cameras[0]?.producerId, 'the place of one who leaves is filled');
  t.same(await counts(server), both(3));
});

t.test('a screen comes at once, and stays while others speak', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 5);
  const ada = await viewer(t, url, 'tea');
  for (const index of [0, 1, 2]) await offered(ada, index);
  const [ben, , , dan, eve] = cameras;
  if (!ben || !dan || !eve) throw new Error('five are there');
  const shared = await screen(ben.peer);
  const offer = await offered(ada, 3);
  t.equal(offer.producerId, shared);
  speaks(server, 'tea', dan.id);
  t.equal((await offered(ada, 4)).producerId, dan.producerId);
  speaks(server, 'tea', eve.id);
  t.equal((await offered(ada, 5)).producerId, eve.producerId);
  t.notOk(
    ada.received.some((one) => one.event === 'consumerClosed' && one.data.consumerId === offer.id),
    'the screen is there still',
  );
  await ben.peer.request('closeProducer', { producerId: shared });
  await offered(ada, 6);
  t.same(await counts(server), both(3), 'and a camera takes its place when it ends');
});

t.test('one’s own choice wins and stays', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 6);
  const [, , , dan, eve, fay] = cameras;
  if (!dan || !eve || !fay) throw new Error('six are there');
  const ada = await viewer(t, url, 'tea');
  const first = [await offered(ada, 0), await offered(ada, 1), await offered(ada, 2)];

  const own = await ada.request('consume', { producerId: dan.producerId });
  t.match(await ada.next('consumerClosed'), { consumerId: first[2]?.id, reason: 'replaced' });
  t.same(await counts(server), both(3), 'the server’s choice makes way for it');

  speaks(server, 'tea', eve.id);
  t.equal((await offered(ada, 3)).producerId, eve.producerId);
  speaks(server, 'tea', fay.id);
  t.equal((await offered(ada, 4)).producerId, fay.producerId);
  const closed = () =>
    ada.received.flatMap((one) => (one.event === 'consumerClosed' ? [one.data.consumerId] : []));
  t.notOk(closed().includes(own.id), 'whoever speaks, it stays');

  await ada.request('setPinned', { participantId: dan.id, source: 'camera', pinned: false });
  const [ben] = cameras;
  speaks(server, 'tea', ben?.id ?? '');
  t.equal((await offered(ada, 5)).producerId, ben?.producerId);
  t.ok(closed().includes(own.id), 'until it is left to the server again');
  t.same(await counts(server), both(3));
});

t.test('a pin comes before everything else, also when the camera comes back', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 5);
  const ada = await viewer(t, url, 'tea');
  for (const index of [0, 1, 2]) await offered(ada, index);
  const dan = cameras[3];
  if (!dan) throw new Error('five are there');
  await ada.request('setPinned', { participantId: dan.id, source: 'camera', pinned: true });
  t.equal((await offered(ada, 3)).producerId, dan.producerId);
  await dan.peer.request('closeProducer', { producerId: dan.producerId });
  await offered(ada, 4);
  const again = await camera(dan.peer);
  t.equal((await offered(ada, 5)).producerId, again);
  await t.rejects(ada.request('setPinned', { participantId: 'nobody', source: 'camera', pinned: true }), {
    code: 'not_found',
  });
});

t.test('a pinned video that is given up elsewhere does not come back by itself', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 4);
  const cookie = await newUser(url);
  const ada = await viewer(t, url, 'tea', cookie);
  for (const index of [0, 1, 2]) await offered(ada, index);
  const dan = cameras[3];
  const own = await ada.request('consume', { producerId: dan?.producerId ?? '' });
  const taken = await fetch(`${url}/api/v1/users/${ada.hello.userId}/streams`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify({ replace: own.streamId }),
  });
  t.equal(taken.status, 201);
  await ada.next('consumerClosed', ({ consumerId }) => consumerId === own.id);
  const [eve] = await publishers(t, url, 'tea', 1);
  speaks(server, 'tea', eve?.id ?? '');
  t.equal((await offered(ada, 3)).producerId, eve?.producerId);
  t.same(await counts(server), { slots: 3, forwarded: 2 }, 'the third is outside');
  const { id } = (await taken.json()) as { id: string };
  await fetch(`${url}/api/v1/users/${ada.hello.userId}/streams/${id}`, {
    method: 'DELETE',
    headers: { cookie },
  });
});

t.test('a pin that is set while the server gives that video up holds', async (t) => {
  const gate = new Gate();
  const server = await testServer(
    t,
    { MAX_STREAMS_PER_USER: '1' },
    {
      wrapLedger: (real) => ({
        ...real,
        replace: async (formerId, stream) => {
          await gate.pass();
          return real.replace(formerId, stream);
        },
      }),
    },
  );
  const { url } = server;
  const [ben, cleo] = await publishers(t, url, 'tea', 2);
  const ada = await viewer(t, url, 'tea');
  t.equal((await offered(ada, 0)).producerId, ben?.producerId);
  speaks(server, 'tea', cleo?.id ?? '');
  await gate.reached;
  await ada.request('setPinned', { participantId: ben?.id ?? '', source: 'camera', pinned: true });
  gate.open();
  await ada.next('consumerAdded', () => offersTo(ada).length > 2);
  t.same(
    offersTo(ada).map(({ producerId }) => producerId),
    [ben?.producerId, cleo?.producerId, ben?.producerId],
    'it comes back',
  );
  t.same(await counts(server), both(1));
});

t.test('a camera that flaps moves slots once a second at most', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 4);
  const ada = await viewer(t, url, 'tea');
  for (const index of [0, 1, 2]) await offered(ada, index);
  const dan = cameras[3];
  if (!dan) throw new Error('four are there');
  speaks(server, 'tea', dan.id);
  await offered(ada, 3);
  const began = performance.now();
  for (let times = 0; times < 20; times += 1) {
    await dan.peer.request('pauseProducer', { producerId: dan.producerId });
    await dan.peer.request('resumeProducer', { producerId: dan.producerId });
  }
  await counts(server);
  const moved = offersTo(ada).length - 4;
  t.ok(moved <= 1 + (performance.now() - began) / 1_000, `${moved} moves`);
});

t.test('what one closes does not come back by itself', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const [ben, cleo] = await publishers(t, url, 'tea', 2);
  const ada = await viewer(t, url, 'tea');
  const offers = [await offered(ada, 0), await offered(ada, 1)];
  const bens = offers.find(({ producerId }) => producerId === ben?.producerId);
  await ada.request('closeConsumer', { consumerId: bens?.id ?? '' });
  speaks(server, 'tea', ben?.id ?? '');
  const [dan] = await publishers(t, url, 'tea', 1);
  t.equal((await offered(ada, 2)).producerId, dan?.producerId);
  t.same(await counts(server), both(2));
  await ada.request('setPinned', { participantId: ben?.id ?? '', source: 'camera', pinned: true });
  t.equal((await offered(ada, 3)).producerId, ben?.producerId, 'unless it is asked for');
  if (!ben) throw new Error('two are there');
  const producerId = await screen(ben.peer);
  const shared = await offered(ada, 4);
  await ada.request('closeConsumer', { consumerId: shared.id });
  await ben.peer.request('closeProducer', { producerId });
  const again = await screen(ben.peer);
  await ada.next('consumerAdded', (offer) => offer.producerId === again);
  t.ok(cleo);
});

t.test('it takes nothing from another tab, and fills what that gives back', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 4);
  const cookie = await newUser(url);
  const one = await viewer(t, url, 'tea', cookie);
  for (const index of [0, 1, 2]) await offered(one, index);
  const other = await viewer(t, url, 'tea', cookie);
  speaks(server, 'tea', cameras[3]?.id ?? '');
  await offered(one, 3);
  t.equal(offersTo(other).length, 0, 'the other tab’s choice is left alone');
  const refused = await other.raw('consume', { producerId: cameras[0]?.producerId });
  t.match(refused, { ok: false, error: { code: 'stream_limit', limit: 3, current: 3 } });
  t.same(await counts(server), both(3));
  one.socket.close(1000);
  for (const index of [0, 1, 2]) await offered(other, index);
  t.same(await counts(server), both(3));
});

t.test('a token’s `replace_oldest` is for one’s own choice, not for the server’s', async (t) => {
  const server = await testServer(t, tokenSettings);
  const { url } = server;
  const cameras = await publishers(t, url, 'tea', 4);
  const token = await tokenOf('ada', { roomJoin: true, onLimit: 'replace_oldest', maxVideoStreams: 2 });
  const one = await viewer(t, url, 'tea', { token });
  const kept = [await offered(one, 0), await offered(one, 1)];
  const other = await viewer(t, url, 'tea', { token });
  await other.next('streams', ({ streams }) => streams.length === 2);
  t.equal(offersTo(other).length, 0);
  const [, , third, fourth] = cameras;
  await one.request('setPinned', {
    participantId: cameras[0]?.id ?? '',
    source: 'camera',
    pinned: true,
  });
  await one.request('consume', { producerId: third?.producerId ?? '' });
  t.match(await one.next('consumerClosed'), { consumerId: kept[1]?.id }, 'what the server chose makes way');
  await one.request('consume', { producerId: fourth?.producerId ?? '' });
  await one.next('consumerClosed', ({ consumerId }) => consumerId === kept[0]?.id);
  t.same(await counts(server), both(2), 'then the oldest of one’s own');
});

t.test('nothing is chosen for one whose connection broke, until it is back', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const [, , , dan] = await publishers(t, url, 'tea', 4);
  const cookie = await newUser(url);
  const ada = await viewer(t, url, 'tea', cookie);
  for (const index of [0, 1, 2]) await offered(ada, index);
  ada.socket.terminate();
  const back = await Peer.connect(t, url, cookie);
  const { consumerIds } = await back.request('resume', { resumeToken: ada.joined.resumeToken });
  t.equal(consumerIds.length, 3);
  speaks(server, 'tea', dan?.id ?? '');
  t.match(await back.next('consumerAdded'), { producerId: dan?.producerId });
  t.same(await counts(server), both(3));
});

t.test('a client that says so chooses alone', async (t) => {
  const server = await testServer(t);
  const { url } = server;
  const [ben] = await publishers(t, url, 'tea', 1);
  const ada = await Peer.inRoom(t, url, 'tea');
  const other = await viewer(t, url, 'tea');
  await offered(other, 0);
  t.equal(offersTo(ada).length, 0);
  await ada.request('consume', { producerId: ben?.producerId ?? '' });
  t.same(await counts(server), both(2));
});

t.test('one who can receive no video is offered none, and one who may not subscribe neither', async (t) => {
  const server = await testServer(t, tokenSettings);
  const { url } = server;
  await publishers(t, url, 'tea', 1);
  const token = await tokenOf('deaf', { roomJoin: true, canSubscribe: false });
  const deaf = await viewer(t, url, 'tea', { token });
  t.match(deaf.joined.permissions, { subscribe: false, admin: false });
  const seeing = await viewer(t, url, 'tea');
  await offered(seeing, 0);
  t.equal(offersTo(deaf).length, 0);
  t.same(await counts(server), both(1));
  await deaf.request('refreshToken', { token: await tokenOf('deaf') });
  t.match(await deaf.next('permissions'), { subscribe: true });
  await offered(deaf, 0);
  t.same(await counts(server), both(2), 'until it may');
});

t.test(
  'a video that the client gives back unplayed is offered three times, and can be asked for',
  async (t) => {
    const clock = new TestClock();
    const { url } = await testServer(t, {}, { clock });
    const [bad] = await publishers(t, url, 'unplayed', 1);
    const ada = await viewer(t, url, 'unplayed');
    if (!bad) throw new Error('nobody publishes');
    const pin = { participantId: bad.id, source: 'camera', pinned: true } as const;
    await ada.request('setPinned', pin);
    for (const index of [0, 1, 2]) {
      await ada.next('consumerAdded', () => offersTo(ada).length > index);
      const offer = offersTo(ada)[index];
      t.equal(offer?.producerId, bad.producerId);
      await ada.request('closeConsumer', { consumerId: offer?.id ?? '' });
      clock.advance(6_000);
    }
    clock.advance(3_600_000);
    // Of two, the pinned one would come first.
    const [good] = await publishers(t, url, 'unplayed', 1);
    t.equal((await offered(ada, 3)).producerId, good?.producerId);

    const { id } = await ada.request('consume', { producerId: bad.producerId });
    await ada.request('resumeConsumer', { consumerId: id });
    t.equal(offersTo(ada).length, 4, 'what plays is not offered');
  },
);
