import t, { type Test } from '../support/tap.ts';
import { BitrateBounds, type Received } from '../../server/rooms/bitrate-bounds.ts';
import { Peer, Refused, type JoinedPeer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';
import { camera, microphone } from '../support/tracks.ts';

const WINDOW = 10_000;
const LOOK = WINDOW / 2;
const VIDEO = 8_000_000;
const AUDIO = 600_000;

/** A room with a publisher and a viewer, in which producers receive what the test says. */
async function room(t: Test) {
  const clock = new TestClock();
  const server = await testServer(t, {}, { clock });
  const bytes = new Map<string, number>();
  /** The worker's clock, in ms: apart from Node's. */
  const worker = { at: 1_000_000 };
  const bounds = new BitrateBounds({
    rooms: server.rooms,
    limits: { video: VIDEO, audio: AUDIO },
    window: WINDOW,
    clock,
    log: server.log,
    read: ({ id }): Promise<Received> => Promise.resolve({ at: worker.at, bytes: bytes.get(id) ?? 0 }),
  });
  const pass = (ms: number) => {
    clock.advance(ms);
    worker.at += ms;
  };
  /** So many ms pass, in which each producer sends at its bitrate. */
  const send = (ms: number, bitrates: Record<string, number>) => {
    pass(ms);
    for (const [id, bitrate] of Object.entries(bitrates)) {
      bytes.set(id, (bytes.get(id) ?? 0) + (bitrate * ms) / 8_000);
    }
  };
  const ada = await Peer.inRoom(t, server.url, 'tea');
  const ben = await Peer.inRoom(t, server.url, 'tea');
  const open = () =>
    [...server.rooms.rooms].flatMap(({ participants }) =>
      [...participants.values()].flatMap(({ publications }) => [...publications.keys()]),
    );
  return { ...server, bounds, ada, ben, send, open };
}

const publish = async (peer: JoinedPeer, what = camera) =>
  (await peer.request('produce', what(peer))).producerId;

t.test('who stays above for the window has that producer closed, and nobody else any', async (t) => {
  const { bounds, ada, ben, send, open, streams } = await room(t);
  const [picture, sound, other] = [await publish(ada), await publish(ada, microphone), await publish(ben)];
  const { id: consumerId } = await ben.request('consume', { producerId: picture });
  const bitrates = { [picture]: 12e6, [sound]: 500_000, [other]: 7.9e6 };
  send(LOOK, bitrates);
  await bounds.look();
  t.equal(open().length, 3, 'not yet');
  send(LOOK, bitrates);
  await bounds.look();
  t.same(open().sort(), [sound, other].sort());
  t.same(bounds.closed, { audio: 0, video: 1 });

  const closed = { participantId: ada.joined.participantId, producerId: picture };
  t.same(await ada.next('producerClosed'), { ...closed, reason: 'bitrate_exceeded' });
  t.same(await ben.next('producerClosed'), closed, 'the others see an ordinary end');
  t.same(await ben.next('consumerClosed'), { consumerId, reason: 'producer_closed' });
  await streams.settled();
  t.equal(streams.own.all().length, 0, 'its slot is free');
});

t.test('a sound has a bound of its own', async (t) => {
  const { bounds, ada, send, open } = await room(t);
  const [picture, sound] = [await publish(ada), await publish(ada, microphone)];
  send(WINDOW, { [picture]: 700_000, [sound]: 700_000 });
  await bounds.look();
  t.same(open(), [picture]);
  t.same(bounds.closed, { audio: 1, video: 0 });
});

t.test('a peak does not close anything, nor a look that comes late', async (t) => {
  const { bounds, ada, send, open } = await room(t);
  const picture = await publish(ada);
  send(LOOK, { [picture]: 1e6 });
  await bounds.look();
  send(LOOK, { [picture]: 14e6 });
  await bounds.look();
  send(LOOK, { [picture]: 1e6 });
  await bounds.look();
  send(60_000, { [picture]: 7.9e6 });
  await bounds.look();
  t.same(open(), [picture]);
});

t.test(
  'a producer of which nothing was read before a late look is measured from its beginning',
  async (t) => {
    const { bounds, ada, send, open } = await room(t);
    const picture = await publish(ada);
    send(30_000, { [picture]: 7e6 });
    await bounds.look();
    t.same(open(), [picture]);
  },
);

t.test('one producer after another is counted as one, also between two looks', async (t) => {
  const { bounds, ada, send, open } = await room(t);
  for (let n = 0; n < 4; n += 1) {
    const picture = await publish(ada);
    send(2_400, { [picture]: 12e6 });
    if (n % 2 === 0) await ada.request('closeProducer', { producerId: picture });
  }
  const last = await publish(ada);
  send(1_000, { [last]: 12e6 });
  await bounds.look();
  t.same(open(), []);
});

t.test('another transport does not make the count start anew', async (t) => {
  const { bounds, ada, send, open } = await room(t);
  send(LOOK, { [await publish(ada)]: 12e6 });
  await ada.request('closeTransport', { transportId: ada.send.id });
  ada.send = await ada.request('createTransport', { direction: 'send' });
  const again = await publish(ada);
  send(LOOK, { [again]: 12e6 });
  await bounds.look();
  t.same(open(), []);
});

t.test('what was closed is not taken again for a minute', async (t) => {
  const clock = new TestClock();
  const server = await testServer(
    t,
    { PRODUCER_VIDEO_MAX_BITRATE: '1000000', PRODUCER_BITRATE_WINDOW_MS: '1000' },
    { clock },
  );
  const ada = await Peer.inRoom(t, server.url, 'tea');
  const picture = await publish(ada);
  const [participant] = server.rooms.presencesOf(ada.hello.userId);
  const producer = participant?.publication(picture).producer;
  if (!producer) throw new Error('it is not there');
  clock.advance(2_000);
  const stat = { type: 'inbound-rtp', timestamp: 5_000, byteCount: 1_000_000 };
  producer.getStats = () => Promise.resolve([stat as Awaited<ReturnType<typeof producer.getStats>>[0]]);
  await server.bitrates.look();
  t.match(await ada.next('producerClosed'), { producerId: picture, reason: 'bitrate_exceeded' });

  const refused = await publish(ada).catch((error: unknown) => error);
  if (!(refused instanceof Refused)) throw new Error('it was taken');
  t.match(refused.body, { code: 'bitrate_exceeded', limit: 1_000_000 });
  t.match(
    refused.message,
    /Your camera sent [234]\.\d Mbit\/s; 1\.0 Mbit\/s are allowed\. Try again in \d+ s\./,
  );
  t.ok(await publish(ada, microphone), 'another source is');
  clock.advance(60_000);
  t.ok(await publish(ada));
});
