import type { types } from 'mediasoup';
import type { Direction } from '../../protocol/model.ts';
import type { ConsumerLoss } from './consumer-loss.ts';
import type { Reading, StreamReading } from './reading.ts';
import type { SampledTrack } from '../sample.ts';

/** A producer of the transport. */
export interface ProducerTrack {
  track: SampledTrack;
  producer: types.Producer;
}

/** A consumer of the transport. */
export interface ConsumerTrack {
  track: SampledTrack;
  consumer: types.Consumer;
  loss: ConsumerLoss;
}

export interface TransportTracks {
  producers: readonly ProducerTrack[];
  consumers: readonly ConsumerTrack[];
}

type ConsumerStats = readonly (types.ConsumerStat | types.ProducerStat)[];

/**
 * Asks the worker what a transport and its tracks have carried and lost. Every question has been sent when this returns its
 * promise: what is closed after that is still answered. A track that was closed before is left out.
 *
 * @param isLast It is about to be closed.
 * @returns undefined where the transport is closed already, or its worker is gone.
 * @see https://mediasoup.org/documentation/v3/mediasoup/rtc-statistics/
 */
export async function readTransport(
  transport: types.WebRtcTransport,
  direction: Direction,
  { producers, consumers }: TransportTracks,
  isLast: boolean,
): Promise<Reading | undefined> {
  const asked = [
    ...producers.map(async ({ track, producer }) => ofProducer(track, producer, await producer.getStats())),
    ...consumers.map(async (one) => ofConsumer(one, await one.consumer.getStats(), isLast)),
  ];
  const [whole, ...tracks] = await Promise.allSettled([transport.getStats(), ...asked]);
  const [stat] = whole.status === 'fulfilled' ? whole.value : [];
  if (!stat) return undefined;
  return {
    at: stat.timestamp,
    upBytes: stat.bytesReceived,
    downBytes: stat.bytesSent,
    rttMs: undefined,
    // Who receives estimates nothing.
    availableBps: direction === 'recv' ? unlessZero(stat.availableOutgoingBitrate) : undefined,
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
  { track, consumer, loss }: ConsumerTrack,
  stats: ConsumerStats,
  isLast: boolean,
): StreamReading[] {
  const sent = stats.find(({ type }) => type === 'outbound-rtp');
  if (!sent) return [];
  const { rtpParameters, paused, producerPaused, currentLayers } = consumer;
  const { packetsSent, packetsLost, isNew } = loss.count(sent, upstreamIn(stats), isLast);
  return [
    {
      ...common(track, rtpParameters, sent),
      packetsSent,
      packetsLost,
      // What an earlier report said does not hold any more.
      jitterMs: isNew ? jitterOf(sent, rtpParameters) : undefined,
      rttMs: isNew ? unlessZero(sent.roundTripTime) : undefined,
      packetsReceived: undefined,
      score: paused || producerPaused ? undefined : sent.score,
      spatialLayer: currentLayers?.spatialLayer,
      temporalLayer: currentLayers?.temporalLayer,
    },
  ];
}

/** Of the statistics of a consumer, those of the stream that it forwards now. */
export const upstreamIn = (stats: ConsumerStats): types.ProducerStat | undefined =>
  stats.find((stat): stat is types.ProducerStat => stat.type === 'inbound-rtp');

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
