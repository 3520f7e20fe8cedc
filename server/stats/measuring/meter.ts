import type { MediaKind } from '../../protocol/model.ts';
import { difference, type Counted, type StreamDelta } from './deltas.ts';
import type { Measured, Reading, StreamReading } from './reading.ts';
import type { Figures, Sample } from '../sample.ts';
import { Timeline } from './timeline.ts';

const NOTHING = { upBytes: 0, downBytes: 0 };

/** A stream that is missing for so long is over, in ms; one that is back before counts on. */
const FORGET_MS = 120_000;

/** Makes samples of the readings of one transport: what it and each of its tracks carried and lost in between. */
export class Meter {
  readonly measured: Measured;
  readonly #timeline: Timeline;
  #last: Pick<Reading, 'at' | 'upBytes' | 'downBytes'>;
  /** By stream, and when it was last read. */
  readonly #counted = new Map<string, { counted: Counted; at: number }>();

  /**
   * @param at When the transport was made, by the clock of its readings, in ms: everything since then is measured.
   * @param now The same by the wall clock, in ms since the epoch.
   */
  constructor(measured: Measured, at: number, now: number) {
    this.measured = measured;
    this.#timeline = new Timeline(at, now);
    this.#last = { at, upBytes: 0, downBytes: 0 };
  }

  /**
   * @param now The wall clock when it was read, or shortly before, in ms since the epoch.
   * @returns nothing where no time has passed, or nothing has been carried yet.
   */
  samplesOf(reading: Reading, now: number): Sample[] {
    const intervalMs = Math.round(reading.at - this.#last.at);
    if (intervalMs < 1) return [];
    // Until the client has connected there is nothing to measure.
    if (reading.upBytes + reading.downBytes === 0) {
      this.#last = reading;
      return [];
    }
    const endedAt = this.#timeline.timeOf(reading.at, now);
    const { direction } = this.measured;
    const last = { ...this.#last };
    if (reading.upBytes < last.upBytes || reading.downBytes < last.downBytes) {
      // A browser's connection counts from its beginning to its end: who says else is not believed.
      const { upBytes, downBytes } = this.measured.reporter === 'server' ? NOTHING : reading;
      Object.assign(last, { upBytes, downBytes });
    }
    this.#last = reading;

    const streams = this.#advance(reading);
    const sample = (own: Partial<Sample> & Pick<Sample, 'track' | 'figures'>): Sample => ({
      ...this.measured,
      endedAt,
      intervalMs,
      protocol: undefined,
      candidateType: undefined,
      spatialLayer: undefined,
      temporalLayer: undefined,
      ...own,
    });
    const tracks = [...byTrack(streams).values()].map((own) => {
      const { track, spatialLayer, temporalLayer } = own[0].reading;
      return sample({ track, spatialLayer, temporalLayer, figures: trackFigures(direction, own) });
    });
    const whole = sample({
      track: undefined,
      protocol: reading.protocol,
      candidateType: reading.candidateType,
      figures: {
        ...sums(direction, streams),
        ...means(direction, streams),
        ...defined({
          rttMs: reading.rttMs ?? mean(streams, 'rttMs'),
          [direction === 'send' ? 'upAvailableBps' : 'downAvailableBps']: reading.availableBps,
          [direction === 'send' ? 'upVideoBytes' : 'downVideoBytes']: bytes(ofKind(streams, 'video')),
          score: worstScore(tracks),
        }),
        upBytes: reading.upBytes - last.upBytes,
        downBytes: reading.downBytes - last.downBytes,
      },
    });
    return [whole, ...tracks];
  }

  #advance({ at, streams }: Reading): Stream[] {
    const advanced = streams.map((reading) => {
      const key = `${reading.track.id} ${reading.key}`;
      const known = this.#counted.get(key)?.counted;
      const { delta, counted } = difference(known, reading, this.measured.reporter === 'server');
      this.#counted.set(key, { counted, at });
      return { reading, delta };
    });
    for (const [key, last] of this.#counted) {
      if (at - last.at > FORGET_MS) this.#counted.delete(key);
    }
    return advanced;
  }
}

interface Stream {
  reading: StreamReading;
  delta: StreamDelta;
}

function byTrack(streams: Stream[]): Map<string, [Stream, ...Stream[]]> {
  const tracks = new Map<string, [Stream, ...Stream[]]>();
  for (const stream of streams) {
    const { id } = stream.reading.track;
    const known = tracks.get(id);
    if (known) known.push(stream);
    else tracks.set(id, [stream]);
  }
  return tracks;
}

function trackFigures(direction: Measured['direction'], streams: Stream[]): Figures {
  return {
    ...sums(direction, streams),
    ...means(direction, streams),
    ...defined({
      [direction === 'send' ? 'upBytes' : 'downBytes']: bytes(streams),
      rttMs: mean(streams, 'rttMs'),
      // Of simulcast the best layer: the others rest where there is no room for them.
      score: extreme(
        streams.map(({ reading }) => reading.score),
        Math.max,
      ),
    }),
  };
}

const ofKind = (streams: Stream[], kind: MediaKind) =>
  streams.filter(({ reading }) => reading.track.kind === kind);

/** Of a stream that rests, browser and worker go on telling what it was like before. */
const runs = ({ delta }: Stream) => delta.bytes !== 0;

const bytes = (streams: Stream[]) => total(streams.map(({ delta }) => delta.bytes));

/** Of a send transport everything is up, of the other down. */
function sums(direction: Measured['direction'], streams: Stream[]): Figures {
  const audio = ofKind(streams, 'audio');
  const packets = (of: Stream[]) => total(of.map(({ delta }) => delta.packets));
  const lost = (of: Stream[]) => total(of.map(({ delta }) => delta.packetsLost));
  const [nacks, plis] = (['nacks', 'plis'] as const).map((name) =>
    total(streams.map(({ delta }) => delta[name])),
  );
  if (direction === 'send') {
    return defined({
      upPackets: packets(streams),
      upPacketsLost: lost(streams),
      upAudioPackets: packets(audio),
      upAudioPacketsLost: lost(audio),
      upNacks: nacks,
      upPlis: plis,
    });
  }
  const running = streams.filter((stream) => runs(stream) || stream.delta.freezes || stream.delta.freezeMs);
  return defined({
    downPackets: packets(streams),
    downPacketsLost: lost(streams),
    downAudioPackets: packets(audio),
    downAudioPacketsLost: lost(audio),
    downNacks: nacks,
    downPlis: plis,
    freezes: total(running.map(({ delta }) => delta.freezes)),
    freezeMs: total(running.map(({ delta }) => delta.freezeMs)),
  });
}

function means(direction: Measured['direction'], streams: Stream[]): Figures {
  const running = streams.filter(runs);
  const [jitterMs, fps, frameHeight] = (['jitterMs', 'fps', 'frameHeight'] as const).map((name) =>
    mean(running, name),
  );
  return direction === 'send'
    ? defined({ upJitterMs: jitterMs, upFps: fps, upFrameHeight: frameHeight })
    : defined({ downJitterMs: jitterMs, downFps: fps, downFrameHeight: frameHeight });
}

/** The sum of what is known; undefined where nothing is. */
function total(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function mean(streams: Stream[], name: 'rttMs' | 'jitterMs' | 'fps' | 'frameHeight'): number | undefined {
  const known = streams.map(({ reading }) => reading[name]).filter((value) => value !== undefined);
  const sum = total(known);
  return sum === undefined ? undefined : sum / known.length;
}

function extreme(values: (number | undefined)[], of: typeof Math.max): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : of(...known);
}

const worstScore = (tracks: Sample[]) =>
  extreme(
    tracks.map(({ figures }) => figures.score),
    Math.min,
  );

/** Without what is not known. */
const defined = (figures: Record<string, number | undefined>): Figures =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
