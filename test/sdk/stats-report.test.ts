import t from '../support/tap.ts';
import { reportOf } from '../../client/sdk/stats-report.ts';

const statsOf = (...stats: { id: string; type: string; [name: string]: unknown }[]) =>
  new Map(stats.map((stat) => [stat.id, stat])) as unknown as RTCStatsReport;

const path = [
  { id: 'T', type: 'transport', bytesSent: 9_000, bytesReceived: 700, selectedCandidatePairId: 'P' },
  {
    id: 'P',
    type: 'candidate-pair',
    localCandidateId: 'L',
    currentRoundTripTime: 0.0125,
    availableOutgoingBitrate: 2e6,
  },
  { id: 'L', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' },
];

t.test('what is sent: layers of simulcast together', (t) => {
  const layer = (n: number, frameHeight: number) => ({
    id: `O${n}`,
    type: 'outbound-rtp',
    mediaSourceId: 'S',
    bytesSent: 1_000 * n,
    packetsSent: 10 * n + 3,
    retransmittedPacketsSent: 3,
    nackCount: n,
    pliCount: 1,
    framesPerSecond: 10 * n,
    frameHeight,
  });
  const report = reportOf(
    { id: 'transport', direction: 'send' },
    5_000,
    statsOf(
      ...path,
      { id: 'S', type: 'media-source', trackIdentifier: 'track' },
      layer(1, 180),
      layer(2, 360),
      {
        id: 'R',
        type: 'remote-inbound-rtp',
        localId: 'O1',
        packetsLost: 55,
        roundTripTime: 0.02,
        jitter: 0.1,
      },
      { id: 'X', type: 'outbound-rtp', mediaSourceId: 'unknown', bytesSent: 1, packetsSent: 1 },
    ),
    new Map([['track', 'producer']]),
  );
  t.same(report, {
    transportId: 'transport',
    atMs: 5_000,
    bytesSent: 9_000,
    bytesReceived: 700,
    rttMs: 12.5,
    availableBps: 2e6,
    protocol: 'tcp',
    candidateType: 'relay',
    tracks: [{ id: 'producer', bytes: 3_000, nacks: 3, plis: 2, rttMs: 20, fps: 20, frameHeight: 360 }],
  });
  t.end();
});

t.test('what is received; what a browser does not say is not made up', (t) => {
  const inbound = {
    type: 'inbound-rtp',
    bytesReceived: 5_000,
    packetsReceived: 52,
    packetsLost: 4,
    jitter: 0.004,
  };
  const { tracks } = reportOf(
    { id: 'transport', direction: 'send' },
    0,
    statsOf(
      {
        ...inbound,
        id: 'V',
        trackIdentifier: 'video',
        retransmittedPacketsReceived: 2,
        freezeCount: 1,
        totalFreezesDuration: 0.4,
        framesPerSecond: 23.9,
        frameHeight: 720,
      },
      { ...inbound, id: 'A', trackIdentifier: 'audio', packetsLost: -3 },
      { ...inbound, id: 'B', trackIdentifier: 'the SFU’s probes' },
    ),
    new Map([
      ['video', 'one'],
      ['audio', 'two'],
    ]),
  );
  t.same(tracks, [
    {
      id: 'one',
      bytes: 5_000,
      packetsReceived: 50,
      packetsLost: 4,
      jitterMs: 4,
      fps: 23.9,
      frameHeight: 720,
      freezes: 1,
      freezeMs: 400,
    },
    { id: 'two', bytes: 5_000, packetsReceived: 52, jitterMs: 4 },
  ]);
  t.end();
});

t.test('Firefox names no transport: the selected pair says it', (t) => {
  const report = reportOf(
    { id: 'transport', direction: 'send' },
    0,
    statsOf(
      {
        id: 'P',
        type: 'candidate-pair',
        selected: true,
        localCandidateId: 'L',
        bytesSent: 5,
        bytesReceived: 6,
      },
      { id: 'L', type: 'local-candidate', candidateType: 'host', protocol: 'udp' },
    ),
    new Map(),
  );
  t.match(report, { bytesSent: 5, bytesReceived: 6, candidateType: 'host', protocol: 'udp', tracks: [] });
  t.end();
});
