import { AppError } from '../errors.ts';
import type { ReportedTrack, ReportedTransport } from '../protocol/stats-report.ts';
import type { MeteredTransport } from './metered-transport.ts';
import type { Reading, StreamReading } from './reading.ts';
import type { Sample, SampledTrack } from './sample.ts';

/** Reports of a transport come no more often, in ms. */
const LEAST_INTERVAL_MS = 500;
/** A browser's clock and ours may say so much else of the time between two reports, in ms. */
const CLOCKS_DIFFER_MS = 1_000;
/** No browser carries more than that: 10 Gbit/s, and packets of 100 bytes. */
const MAX_BYTES_PER_MS = 1_250_000;
const MAX_PACKETS_PER_MS = 12_500;

interface Clock {
  /** By the browser, and by us, in ms. */
  at: number;
  age: number;
}

/** Makes samples of what browsers say of their transports. They are believed about themselves alone, and within bounds. */
export class BrowserReports {
  readonly #clocks = new WeakMap<MeteredTransport, Clock & { reading: number }>();

  /** @throws {AppError} `rate_limited` where the last one has hardly come; `bad_request` for what no network carries. */
  samplesOf(transport: MeteredTransport, report: ReportedTransport): Sample[] {
    const samples = transport.reported(this.#readingOf(transport, report));
    for (const { figures, intervalMs } of samples) {
      const { upBytes = 0, downBytes = 0, upPackets = 0, downPackets = 0 } = figures;
      if (
        upBytes + downBytes > MAX_BYTES_PER_MS * intervalMs ||
        upPackets + downPackets > MAX_PACKETS_PER_MS * intervalMs
      ) {
        throw new AppError(
          'bad_request',
          `reportStats: nothing carries ${upBytes + downBytes} bytes in ${upPackets + downPackets} packets within ${intervalMs} ms. Send counters as they are.`,
        );
      }
    }
    return samples;
  }

  #readingOf(transport: MeteredTransport, report: ReportedTransport): Reading {
    const { age } = transport;
    const last = this.#clocks.get(transport);
    if (last && age - last.age < LEAST_INTERVAL_MS) {
      const retryAfterMs = Math.ceil(LEAST_INTERVAL_MS - (age - last.age));
      throw new AppError('rate_limited', `The last report has just come. Wait ${retryAfterMs} ms.`, {
        retryAfterMs,
      });
    }
    const at = last ? last.reading + between(age - last.age, report.atMs - last.at) : age;
    this.#clocks.set(transport, { at: report.atMs, age, reading: at });
    return {
      at,
      upBytes: report.bytesSent,
      downBytes: report.bytesReceived,
      rttMs: report.rttMs,
      availableBps: report.availableBps,
      protocol: report.protocol,
      candidateType: report.candidateType,
      streams: report.tracks.flatMap((one) => {
        // What is not there any more was closed while the report was on its way.
        const known = transport.track(one.id);
        return known ? [streamOf(one, known.track, known.notSent)] : [];
      }),
    };
  }
}

/** The time between two reports as the browser says, as far as that can be. */
function between(ours: number, theirs: number): number {
  return Math.min(Math.max(theirs, ours - CLOCKS_DIFFER_MS, 1), ours + CLOCKS_DIFFER_MS);
}

/** @param notSent What the browser misses though it was never sent to it. */
function streamOf(
  { packetsReceived, packetsLost, ...others }: ReportedTrack,
  track: SampledTrack,
  notSent: number,
): StreamReading {
  const { bytes, nacks, plis, freezes, freezeMs, rttMs, jitterMs, fps, frameHeight } = others;
  return {
    key: '',
    track,
    bytes,
    packetsSent: undefined,
    packetsReceived,
    packetsLost: packetsLost && Math.max(0, packetsLost - notSent),
    nacks,
    plis,
    freezes,
    freezeMs,
    rttMs,
    jitterMs,
    score: undefined,
    fps,
    frameHeight,
    spatialLayer: undefined,
    temporalLayer: undefined,
  };
}
