import type { types } from 'mediasoup';
import type { Reading, StreamReading } from './reading.ts';
import type { SampledTrack } from './sample.ts';
import type { UpstreamGaps } from './upstream-gaps.ts';

/** A producer of the transport. */
export interface ProducerTrack {
  track: SampledTrack;
  producer: types.Producer;
}

/** A consumer of the transport. */
export interface ConsumerTrack {
  track: SampledTrack;
  consumer: types.Consumer;
  gaps: UpstreamGaps;
}

export interface TransportTracks {
  producers: readonly ProducerTrack[];
  consumers: readonly ConsumerTrack[];
}

/**
 * Asks the worker what a transport and its tracks have carried and lost. Every question has been sent when this returns its
 * promise: what is closed after that is still answered. A track that was closed before is left out.
 *
 * @returns undefined where the transport is closed already, or its worker is gone.
 * @see https://mediasoup.org/documentation/v3/mediasoup/rtc-statistics/
 */
export async function readTransport(
  transport: types.WebRtcTransport,
  { producers, consumers }: TransportTracks,
): Promise<Reading | undefined> {
  const asked = [
    ...producers.map(async ({ track, producer }) => ofProducer(track, producer, await producer.getStats())),
    ...consumers.map(async (one) => ofConsumer(one, await one.consumer.getStats())),
  ];
  const [whole, ...tracks] = await Promise.allSettled([transport.getStats(), ...asked]);
  const [stat] = whole.status === 'fulfilled' ? whole.value : [];
  if (!stat) return undefined;
  const available =
    transport.appData['direction'] === 'send' ? stat.availableIncomingBitrate : stat.availableOutgoingBitrate;
  return {
    at: stat.timestamp,
    upBytes: stat.bytesReceived,
    downBytes: stat.bytesSent,
    rttMs: undefined,
    availableBps: unlessZero(available),
    protocol: stat.iceSelectedTuple?.protocol,
    candidateType: undefined,
    streams: tracks.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
  };
}

function ofProducer(
  track: SampledTrack,
  producer: types.Producer,
  stats: types.ProducerStat[],
): StreamReading[] {
  return stats.map((stat) => ({
    ...common(track, producer.rtpParameters, stat),
    packetsSent: undefined,
    packetsReceived: stat.packetCount - stat.packetsRepaired,
    // Without RTX what was sent again has been taken off what is lost.
    packetsLost: Math.max(0, stat.packetsLost) + (stat.rtxSsrc ? 0 : stat.packetsRepaired),
    score: stat.score,
    spatialLayer: undefined,
    temporalLayer: undefined,
  }));
}

function ofConsumer(
  { track, consumer, gaps }: ConsumerTrack,
  stats: (types.ConsumerStat | types.ProducerStat)[],
): StreamReading[] {
  const sent = stats.find(({ type }) => type === 'outbound-rtp');
  const upstream = stats.find((stat): stat is types.ProducerStat => stat.type === 'inbound-rtp');
  if (!sent) return [];
  const notSent = gaps.count(sent.packetCount, upstream);
  return [
    {
      ...common(track, consumer.rtpParameters, sent),
      // Until a receiver report has come nothing is known of the other end.
      jitterMs: unlessZero(sent.roundTripTime) && jitterOf(sent, consumer.rtpParameters),
      packetsSent: sent.packetCount,
      packetsReceived: undefined,
      packetsLost: Math.max(0, sent.packetsLost - notSent),
      score: consumer.paused || consumer.producerPaused ? undefined : sent.score,
      spatialLayer: consumer.currentLayers?.spatialLayer,
      temporalLayer: consumer.currentLayers?.temporalLayer,
    },
  ];
}

function common(
  track: SampledTrack,
  rtpParameters: types.RtpParameters,
  stat: types.ConsumerStat | types.ProducerStat,
) {
  return {
    key: String(stat.ssrc),
    track,
    bytes: stat.byteCount,
    nacks: stat.nackCount,
    plis: stat.pliCount,
    freezes: undefined,
    freezeMs: undefined,
    rttMs: unlessZero(stat.roundTripTime),
    jitterMs: jitterOf(stat, rtpParameters),
    fps: undefined,
    frameHeight: undefined,
  };
}

/** mediasoup has it in units of the RTP clock. */
function jitterOf(
  { jitter }: types.ConsumerStat | types.ProducerStat,
  { codecs }: types.RtpParameters,
): number {
  return (jitter * 1000) / (codecs[0]?.clockRate ?? 90_000);
}

/** mediasoup's zero stands for what it does not know yet. */
const unlessZero = (value: number | undefined) => (value ? value : undefined);
