import fc from 'fast-check';
import t, { type Test } from '../support/tap.ts';
import type { Params } from '../../server/protocol/methods.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { opus, vp8 } from '../support/rtp.ts';
import { testServer } from '../support/server.ts';
import { camera, microphone } from '../support/tracks.ts';
import { camera as publishCamera } from '../support/watching.ts';

type Produce = Params<'produce'>;
type Codec = Produce['rtpParameters']['codecs'][number];

const [opusCodec] = opus().codecs as [Codec];
const [vp8Codec, rtxCodec] = vp8().codecs as [Codec, Codec];

/** One layer, as a disguise needs it. */
function oneLayer(codecs: Codec[]): Produce['rtpParameters'] {
  const whole = vp8();
  const [{ ssrc }] = whole.encodings as [{ ssrc: number }];
  return { ...whole, codecs, encodings: [{ ssrc }] };
}

const refused = (t: Test, peer: JoinedPeer, params: Omit<Produce, 'transportId'>, what: string) =>
  t.rejects(peer.request('produce', { transportId: peer.send.id, ...params }), { code: 'bad_request' }, what);

t.test('a track is of the kind that it claims, by all its codecs', async (t) => {
  const server = await testServer(t, { MESSAGES_BURST: '1000' });
  const rogue = await Peer.inRoom(t, server.url, 'tea');
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const sounds = ['microphone', 'screen_share_audio'] as const;
  const pictures = ['camera', 'screen_share'] as const;
  const odd = (codec: Codec, mimeType: string): Codec => ({
    ...codec,
    mimeType: mimeType,
  });
  const beside = { ...vp8Codec, payloadType: 100 };
  for (const source of sounds) {
    const asSound = (codecs: Codec[], what: string) =>
      refused(t, rogue, { kind: 'audio', source, rtpParameters: oneLayer(codecs) }, `${source}: ${what}`);
    await asSound([vp8Codec], 'VP8');
    await asSound([vp8Codec, rtxCodec], 'VP8 and RTX');
    await asSound([odd(vp8Codec, 'ViDeO/vP8')], 'odd letter case');
    await asSound([opusCodec, beside], 'VP8 behind Opus');
    await asSound([beside, opusCodec], 'VP8 before Opus');
    await asSound([opusCodec, rtxCodec], 'RTX behind Opus');
  }
  for (const source of pictures) {
    const asPicture = (codecs: Codec[], what: string) =>
      refused(t, rogue, { kind: 'video', source, rtpParameters: oneLayer(codecs) }, `${source}: ${what}`);
    await asPicture([opusCodec], 'Opus');
    await asPicture([odd(opusCodec, 'AUDIO/opus')], 'odd letter case');
    await asPicture([vp8Codec, { ...opusCodec, payloadType: 112 }], 'Opus behind VP8');
  }
  for (const [kind, source] of [
    ['audio', 'camera'],
    ['video', 'microphone'],
  ] as const) {
    await refused(t, rogue, { kind, source, rtpParameters: vp8() }, `${source} as ${kind}`);
  }
  t.notOk(
    viewer.received.some(({ event }) => event === 'producerAdded'),
    'nobody is told of any',
  );
  t.equal((await server.audit.compare()).drift.length, 0);
});

t.test('encodings are as many as the kind has, of the track’s own codecs', async (t) => {
  const { url } = await testServer(t);
  const peer = await Peer.inRoom(t, url, 'tea');
  const sound = opus();
  const { encodings = [] } = vp8();
  await refused(
    t,
    peer,
    {
      kind: 'audio',
      source: 'microphone',
      rtpParameters: { ...sound, encodings: [{ ssrc: 1 }, { ssrc: 2 }] },
    },
    'two of sound',
  );
  await refused(
    t,
    peer,
    { kind: 'video', source: 'camera', rtpParameters: { ...vp8(), encodings: [...encodings, { ssrc: 9 }] } },
    'four of a video',
  );
  await refused(
    t,
    peer,
    {
      kind: 'audio',
      source: 'microphone',
      rtpParameters: { ...sound, encodings: [{ ssrc: 3, codecPayloadType: 96 }] },
    },
    'of a codec that is not there',
  );
  t.ok(await peer.request('produce', camera(peer)));
  t.ok(await peer.request('produce', microphone(peer)));
});

t.test('a codec’s name counts, not how it is spelled', async (t) => {
  const server = await testServer(t);
  const peer = await Peer.inRoom(t, server.url, 'tea');
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const sound = opus();
  const { producerId } = await peer.request('produce', {
    ...microphone(peer),
    rtpParameters: { ...sound, codecs: [{ ...opusCodec, mimeType: 'AUDIO/OPUS' }] },
  });
  t.match(await viewer.request('consume', { producerId }), {
    kind: 'audio',
    rtpParameters: { codecs: [{ mimeType: 'audio/opus' }] },
  });
});

t.test('whatever is sent as RTP parameters, what is taken is of its kind', async (t) => {
  const server = await testServer(t, { MESSAGES_BURST: '100000', MESSAGES_PER_SECOND: '100000' });
  const peer = await Peer.inRoom(t, server.url, 'tea');
  const codec = fc.oneof(
    fc.constantFrom(opusCodec, vp8Codec, rtxCodec),
    fc.record({
      mimeType: fc.constantFrom(
        'audio/OPUS',
        'video/vp8',
        'VIDEO/VP8',
        'audio/VP8',
        'video/opus',
        '',
        7,
        null,
      ),
      payloadType: fc.constantFrom(96, 97, 111),
      clockRate: fc.constantFrom(48_000, 90_000),
      channels: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
    }),
    fc.constantFrom(null, 7, 'audio/opus', {}),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('audio' as const, 'video' as const),
      fc.oneof(fc.array(codec, { maxLength: 3 }), fc.constantFrom(null, 7, {})),
      fc.constantFrom(undefined, 96, 111, 5),
      async (kind, codecs, codecPayloadType) => {
        const source = kind === 'audio' ? 'microphone' : 'camera';
        const [{ ssrc }] = opus().encodings as [{ ssrc: number }];
        const encodings = [{ ssrc, ...(codecPayloadType !== undefined && { codecPayloadType }) }];
        const answer = await peer.raw('produce', {
          transportId: peer.send.id,
          kind,
          source,
          rtpParameters: { ...opus(), codecs, encodings },
        });
        if (!answer.ok) return answer.error.code === 'bad_request';
        const names = (codecs as { mimeType: string }[]).map(({ mimeType }) => mimeType.toLowerCase());
        return names.every((name) => name.startsWith(`${kind}/`));
      },
    ),
    { numRuns: 150 },
  );
});

t.test('the audit counts what is forwarded, whatever it calls itself', async (t) => {
  const server = await testServer(t, {}, { faults: true });
  const rogue = await Peer.inRoom(t, server.url, 'tea');
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  await viewer.request('consume', { producerId: await publishCamera(rogue) });
  // Past the check, as a fault of the server would let it.
  const room = server.rooms.find('tea');
  const participant = room?.participants.get(rogue.joined.participantId);
  const publication = [...(participant?.publications.values() ?? [])][0];
  const transport = participant?.transports.of('send');
  const receiving = room?.participants.get(viewer.joined.participantId)?.transports.of('recv');
  if (!publication || !transport || !receiving) throw new Error('they are not in the room');
  const producer = await transport.produce({ kind: 'audio', rtpParameters: oneLayer([vp8Codec]) });
  const consumer = await receiving.consume({ producerId: producer.id, rtpCapabilities: viewer.capabilities });
  t.equal(consumer.kind, 'audio', 'mediasoup believes it');

  const { slots, forwarded, drift } = await server.audit.compare();
  t.same([slots, forwarded], [1, 2]);
  t.same(drift, [{ what: 'consumer_without_stream', consumerId: consumer.id }]);
  await server.audit.selfCheck();
  t.same((await server.audit.compare()).drift, [], 'and it is ended');
  t.notOk((await server.workers.forwarded()).has(consumer.id));
});
