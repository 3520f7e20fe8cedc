import { AppError } from '../../errors.ts';
import type { ReportedTrack, ReportedTransport } from '../../protocol/stats-report.ts';
import type { MeteredTransport } from './metered-transport.ts';
import type { Reading, StreamReading } from './reading.ts';
import type { Sample, SampledTrack } from '../sample.ts';

/** Reports of a transport come no more often, in ms. */
const LEAST_INTERVAL_MS = 500;
/** A browser's clock and ours may say so much else of the time between two reports, in ms. */
const CLOCKS_DIFFER_MS = 1_000;

/** No browser counts more within a ms: 10 Gbit/s in packets of 100 bytes, and a freeze takes 150 ms. */
const MOST_PER_MS = {
  bytesSent: 1_250_000,
  bytesReceived: 1_250_000,
  bytes: 1_250_000,
  packetsReceived: 12_500,
  packetsLost: 12_500,
  nacks: 12,
  plis: 1,
  freezes: 0.01,
} as const;

type Bounded = keyof typeof MOST_PER_MS;

/** The transport of which a browser reports. */
export type ReportedOn = Pick<MeteredTransport, 'age' | 'direction' | 'track' | 'reported'>;

/** A report that was taken. */
interface Taken {
  report: ReportedTransport;
  /** The transport's age when it came, in ms; and what that was by the browser's clock, within bounds. */
  age: number;
  at: number;
}

/** Makes samples of what browsers say of their transports. They are believed about themselves alone, and within bounds. */
export class BrowserReports {
  readonly #taken = new WeakMap<ReportedOn, Taken>();

  /**
   * Refuses a report that is not to be taken.
   *
   * @throws {AppError} `rate_limited` where the last one has hardly come; `bad_request` for what no network carries.
   */
  check(transport: ReportedOn, report: ReportedTransport): void {
    const last = this.#taken.get(transport);
    const elapsed = transport.age - (last?.age ?? 0);
    if (last && elapsed < LEAST_INTERVAL_MS) {
      const retryAfterMs = Math.ceil(LEAST_INTERVAL_MS - elapsed);
      throw new AppError('rate_limited', `The last report has just come. Wait ${retryAfterMs} ms.`, {
        retryAfterMs,
      });
    }
    const within = elapsed + CLOCKS_DIFFER_MS;
    refuseExcess(report.transportId, report, last?.report, within);
    if (new Set(report.tracks.map(({ id }) => id)).size < report.tracks.length) {
      throw new AppError('bad_request', 'reportStats: a track is named twice. Send each once.');
    }
    for (const track of report.tracks) {
      refuseExcess(
        track.id,
        track,
        last?.report.tracks.find(({ id }) => id === track.id),
        within,
      );
      const { freezeMs = 0 } = track;
      if (freezeMs > transport.age + CLOCKS_DIFFER_MS)
        throw excess('freezeMs', freezeMs, track.id, transport.age);
    }
  }

  /** @param report One that `check` has let pass. */
  samplesOf(transport: ReportedOn, report: ReportedTransport): Sample[] {
    const { age } = transport;
    const last = this.#taken.get(transport);
    const at = last ? last.at + between(age - last.age, report.atMs - last.report.atMs) : age;
    // However often its clock runs ahead, it stays near ours.
    const bounded = Math.min(at, age + CLOCKS_DIFFER_MS);
    this.#taken.set(transport, { report, age, at: bounded });
    return transport.reported(readingOf(transport, report, bounded));
  }
}

function readingOf(transport: ReportedOn, report: ReportedTransport, at: number): Reading {
  return {
    at,
    upBytes: report.bytesSent,
    downBytes: report.bytesReceived,
    rttMs: report.rttMs,
    // Who receives estimates nothing: the browser's number is of what it would send here.
    availableBps: transport.direction === 'send' ? report.availableBps : undefined,
    protocol: report.protocol,
    candidateType: report.candidateType,
    streams: report.tracks.flatMap((one) => {
      // What is not there any more was closed while the report was on its way.
      const known = transport.track(one.id);
      return known ? [streamOf(one, known.track, known.notSent)] : [];
    }),
  };
}

/** @param ms The time that it may have taken. */
function refuseExcess(
  id: string,
  report: Partial<Record<Bounded, number>>,
  last: Partial<Record<Bounded, number>> | undefined,
  ms: number,
): void {
  for (const [name, most] of Object.entries(MOST_PER_MS) as [Bounded, number][]) {
    const [value = 0, before = 0] = [report[name], last?.[name]];
    if (value - before > most * ms) throw excess(name, value - before, id, ms);
  }
}

const excess = (name: string, value: number, id: string, ms: number) =>
  new AppError(
    'bad_request',
    `reportStats: ${name} of ${id} grew by ${value} within ${Math.round(ms)} ms, which cannot be. Send counters as the browser has them.`,
  );

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
