import fc from 'fast-check';
import t, { type Test } from '../support/tap.ts';
import type { Response } from '../../server/protocol/envelope.ts';
import { mutated } from '../support/mutations.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { opus, vp8 } from '../support/rtp.ts';
import { testServer, type TestServer } from '../support/server.ts';

const SEED = 20_261_121;
const UNLIMITED = { MESSAGES_PER_SECOND: '1000000', MESSAGES_BURST: '1000000', MAX_PRODUCERS: '1000' };

/** Fails where the server called it a bug of its own. */
function clearAnswer(response: Response): boolean {
  return response.ok || (response.error.code !== 'internal' && response.error.message.length > 10);
}

/** A call of two honest people, to be looked at after what the others did. */
async function honestCall(t: Test, { url, workers }: TestServer) {
  const [ada, ben] = [await Peer.inRoom(t, url, 'tea'), await Peer.inRoom(t, url, 'tea')];
  const { producerId } = await ada.request('produce', {
    transportId: ada.send.id,
    kind: 'video',
    source: 'camera',
    rtpParameters: vp8(),
  });
  const { id } = await ben.request('consume', { producerId });
  const pids = workers.workers.map(({ worker }) => worker.pid);
  const before = ben.received.length;
  return async (t: Test) => {
    await ben.request('resumeConsumer', { consumerId: id });
    await ada.request('pauseProducer', { producerId });
    await ada.request('resumeProducer', { producerId });
    t.equal((await workers.forwarded()).get(id), producerId, 'the honest call goes on');
    t.same(
      workers.workers.map(({ worker }) => worker.pid),
      pids,
      'no worker died',
    );
    const told = ben.received.slice(before).map(({ event }) => event);
    t.notOk(told.includes('participantLeft') || told.includes('producerClosed'), 'nobody was thrown out');
  };
}

t.test('RTP parameters cut and mutated, some thousands: a clear error each', async (t) => {
  const server = await testServer(t, { ...UNLIMITED, WORKERS: '1' });
  const stillFine = await honestCall(t, server);
  const mallory = await Peer.inRoom(t, server.url, 'evil');
  const witness = await Peer.inRoom(t, server.url, 'evil');
  const valid = [
    { transportId: mallory.send.id, kind: 'audio', source: 'microphone', rtpParameters: opus() },
    { transportId: mallory.send.id, kind: 'video', source: 'camera', rtpParameters: vp8() },
  ];
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(...valid.map(mutated)), async (data) => {
      const answer = await mallory.raw('produce', data);
      if (answer.ok) {
        accepted += 1;
        const consumed = await witness.raw('consume', answer.data);
        await mallory.raw('closeProducer', answer.data);
        if (!clearAnswer(consumed)) throw new Error(JSON.stringify(consumed));
      }
      if (!clearAnswer(answer)) throw new Error(JSON.stringify(answer));
    }),
    { seed: SEED, numRuns: 3_000 },
  );
  t.comment(`${accepted} of 3000 were good enough for mediasoup`);
  await stillFine(t);
});

t.test('RTP capabilities and DTLS parameters cut and mutated', async (t) => {
  const server = await testServer(t, { ...UNLIMITED, WORKERS: '1' });
  const stillFine = await honestCall(t, server);
  const ada = await Peer.inRoom(t, server.url, 'evil');
  const { producerId } = await ada.request('produce', {
    transportId: ada.send.id,
    kind: 'video',
    source: 'camera',
    rtpParameters: vp8(),
  });
  const mallory = await Peer.connect(t, server.url);
  const join = { room: 'evil', displayName: 'M', rtpCapabilities: mallory.capabilities };
  await fc.assert(
    fc.asyncProperty(mutated(join), async (data) => {
      const joined = await mallory.raw('join', data);
      if (!clearAnswer(joined)) throw new Error(JSON.stringify(joined));
      if (!joined.ok) return;
      await mallory.raw('createTransport', { direction: 'recv' });
      const consumed = await mallory.raw('consume', { producerId });
      if (!clearAnswer(consumed)) throw new Error(JSON.stringify({ data, consumed }));
      await mallory.request('leave', {});
    }),
    { seed: SEED, numRuns: 300 },
  );
  const dtls = {
    role: 'client',
    fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
  };
  await mallory.request('join', join);
  await fc.assert(
    fc.asyncProperty(mutated(dtls), async (dtlsParameters) => {
      const { id: transportId } = await mallory.request('createTransport', { direction: 'send' });
      const answer = await mallory.raw('connectTransport', { transportId, dtlsParameters });
      if (!clearAnswer(answer)) throw new Error(JSON.stringify({ dtlsParameters, answer }));
      await mallory.raw('closeTransport', { transportId });
    }),
    { seed: SEED, numRuns: 500 },
  );
  await stillFine(t);
});

t.test('frames cut anywhere, and frames of nonsense', async (t) => {
  const server = await testServer(t, UNLIMITED);
  const stillFine = await honestCall(t, server);
  const mallory = await Peer.connect(t, server.url);
  const frame = JSON.stringify({ id: 1, method: 'join', data: { room: 'evil', displayName: 'M' } });
  const frames = fc.oneof(
    fc.nat(frame.length - 1).map((length) => frame.slice(0, length)),
    fc.string({ unit: 'binary' }),
    fc.json(),
  );
  await fc.assert(
    fc.asyncProperty(frames, async (text) => {
      const answer = await mallory.answerTo(text);
      if (answer.ok || answer.error.code !== 'bad_message') throw new Error(JSON.stringify({ text, answer }));
    }),
    { seed: SEED, numRuns: 1_000 },
  );
  await stillFine(t);
});

t.test('ids of other rooms and other people are not found', async (t) => {
  const server = await testServer(t);
  const stillFine = await honestCall(t, server);
  const { url } = server;
  const [victim, neighbour] = [await Peer.inRoom(t, url, 'tea'), await Peer.inRoom(t, url, 'tea')];
  const theirs = await produceCamera(victim);
  const consumer = await neighbour.request('consume', theirs);
  const inSameRoom = await Peer.inRoom(t, url, 'tea');
  const inOtherRoom = await Peer.inRoom(t, url, 'evil');

  for (const mallory of [inSameRoom, inOtherRoom]) {
    const attempts: [string, object][] = [
      ['connectTransport', { transportId: victim.send.id, dtlsParameters: victim.send.dtlsParameters }],
      ['restartIce', { transportId: victim.recv.id }],
      ['closeTransport', { transportId: victim.send.id }],
      [
        'produce',
        { transportId: victim.send.id, kind: 'audio', source: 'microphone', rtpParameters: opus() },
      ],
      ['pauseProducer', theirs],
      ['resumeProducer', theirs],
      ['closeProducer', theirs],
      ['pauseConsumer', { consumerId: consumer.id }],
      ['resumeConsumer', { consumerId: consumer.id }],
      ['closeConsumer', { consumerId: consumer.id }],
      ['setPreferredLayers', { consumerId: consumer.id, spatialLayer: 0 }],
      ['consume', { producerId: consumer.id }],
    ];
    for (const [method, data] of attempts) {
      t.match(await mallory.raw(method, data), { ok: false, error: { code: 'not_found' } }, method);
    }
  }
  t.match(
    await inOtherRoom.raw('consume', theirs),
    { error: { code: 'not_found' } },
    'another room’s producer',
  );
  await stillFine(t);
});

async function produceCamera(peer: JoinedPeer): Promise<{ producerId: string }> {
  return peer.request('produce', {
    transportId: peer.send.id,
    kind: 'video',
    source: 'camera',
    rtpParameters: vp8(),
  });
}
