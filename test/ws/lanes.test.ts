import t from '../support/tap.ts';
import { Peer, Refused, type JoinedPeer } from '../support/peer.ts';
import { opus } from '../support/rtp.ts';
import { testServer } from '../support/server.ts';
import { camera } from '../support/watching.ts';
import type { SlotLedger } from '../../server/streams/slot-ledger.ts';

/** A promise, and what settles it. */
function held<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const down = () => new Error('Connection terminated unexpectedly');

/** A ledger whose answers the test holds back, or makes fail. */
function heldLedger() {
  let acquire: () => Promise<{ granted: boolean }> = () => Promise.resolve({ granted: true });
  let release: () => Promise<void> = () => Promise.resolve();
  return {
    set acquire(next: typeof acquire) {
      acquire = next;
    },
    set release(next: typeof release) {
      release = next;
    },
    wrap: (real: SlotLedger): SlotLedger => ({
      ...real,
      acquire: () => acquire(),
      release: () => release(),
    }),
  };
}

/** Somebody who speaks, and whose camera is on. */
async function speaker(peer: JoinedPeer) {
  const { producerId: audio } = await peer.request('produce', {
    transportId: peer.send.id,
    kind: 'audio',
    source: 'microphone',
    rtpParameters: opus(),
  });
  return { audio, video: await camera(peer) };
}

/** Resolves with the code of the refusal. */
const refusalOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'none',
    (error: unknown) => (error instanceof Refused ? error.code : String(error)),
  );

t.test('what waits for the database holds up nothing else of the connection', async (t) => {
  const ledger = heldLedger();
  const { url } = await testServer(t, {}, { wrapLedger: ledger.wrap, faults: true });
  const { audio, video } = await speaker(await Peer.inRoom(t, url, 'tea'));
  const ben = await Peer.inRoom(t, url, 'tea');
  const answer = held<{ granted: boolean }>();
  ledger.acquire = () => answer.promise;

  const watching = refusalOf(ben.request('consume', { producerId: video }));
  const { id } = await ben.request('consume', { producerId: audio });
  await ben.request('resumeConsumer', { consumerId: id });
  await ben.request('restartIce', { transportId: ben.recv.id });
  const own = await camera(ben);
  await ben.request('pauseProducer', { producerId: own });
  await ben.request('leave', {});
  answer.reject(down());
  t.equal(await watching, 'unavailable');
});

t.test('what is to be received waits for its transport', async (t) => {
  const { url } = await testServer(t);
  const { audio } = await speaker(await Peer.inRoom(t, url, 'tea'));
  const ben = await Peer.inRoom(t, url, 'tea');
  await ben.request('consume', { producerId: audio });
  // In one go, as the SDK replaces a transport that a failed negotiation has broken.
  await Promise.all([
    ben.request('closeTransport', { transportId: ben.recv.id }),
    ben.request('createTransport', { direction: 'recv' }),
    ben.request('consume', { producerId: audio }),
  ]);
  t.pass('in the order in which they were sent');
});

t.test('a refusal does not wait for what is cleaned up after it', async (t) => {
  const ledger = heldLedger();
  const { url } = await testServer(t, {}, { wrapLedger: ledger.wrap, faults: true });
  const { video } = await speaker(await Peer.inRoom(t, url, 'tea'));
  const ben = await Peer.inRoom(t, url, 'tea');
  const released = held<undefined>();
  ledger.acquire = () => Promise.reject(down());
  ledger.release = () => released.promise;
  t.equal(await refusalOf(ben.request('consume', { producerId: video })), 'unavailable');
  released.resolve(undefined);
});

t.test('videos that waited behind one that the database failed are refused with it', async (t) => {
  const ledger = heldLedger();
  const { url } = await testServer(t, {}, { wrapLedger: ledger.wrap, faults: true });
  const cameras = await Promise.all(
    ['tea', 'tea', 'tea'].map(async (room) => camera(await Peer.inRoom(t, url, room))),
  );
  const [first, later] = [held<{ granted: boolean }>(), held<{ granted: boolean }>()];
  let asked = 0;
  ledger.acquire = () => {
    asked += 1;
    if (asked === 1) return first.promise;
    return asked === 2 ? Promise.reject(down()) : later.promise;
  };
  const ben = await Peer.inRoom(t, url, 'tea', undefined, { autoSubscribe: true });
  // The automatic choice is the first one to wait.
  while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
  const watching = cameras.map((producerId) => refusalOf(ben.request('consume', { producerId })));
  // Once this is answered, what was sent before it has arrived.
  await ben.request('restartIce', { transportId: ben.recv.id });
  first.reject(down());
  t.same(await Promise.all(watching), ['unavailable', 'unavailable', 'unavailable'], 'one of them asked');
  later.reject(down());
});
