import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import type { Sample } from '../sample.ts';
import { UnwritableSamplesError, type StatsSink } from './stats-sink.ts';

export interface StatsWriterOptions {
  readonly sink: StatsSink;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** Samples at most that wait or are being written. */
  readonly maxBuffered: number;
  /** Samples at most that are written at once. Default 500. */
  readonly maxBatch?: number;
  readonly timings?: Partial<WriterTimings>;
  /** Waits so many ms, or until it is cut, and never rejects. Default: by a timer. */
  readonly pause?: (ms: number, cut: AbortSignal) => Promise<void>;
}

/** In ms. */
export interface WriterTimings {
  /** For so long samples gather, unless a batch is full. Default 100. */
  readonly gather: number;
  /** Until what could not be written is tried again; it doubles each time. Default 250. */
  readonly retry: number;
  /** Up to this. Default 5,000. */
  readonly longestRetry: number;
  /** How long `close` waits at most. Default 2,000. */
  readonly close: number;
}

const defaultTimings: WriterTimings = { gather: 100, retry: 250, longestRetry: 5_000, close: 2_000 };

/** Of the time in which samples are not written as they come. */
interface Trouble {
  readonly since: number;
  /** How many had been dropped before. */
  readonly dropped: number;
}

interface Refused {
  readonly sample: Sample;
  readonly error: UnwritableSamplesError;
}

/**
 * Writes samples in the order in which they come, one batch after another, each once. What could not be written is repeated
 * until it is; meanwhile samples wait in a buffer. When that is full, the oldest of those that wait are dropped: never
 * those of a batch that was tried, since its answer may be what got lost. So what is counted as dropped is not written.
 */
export class StatsWriter {
  readonly #sink: StatsSink;
  readonly #log: StatsWriterOptions['log'];
  readonly #maxBuffered: number;
  readonly #maxBatch: number;
  readonly #timings: WriterTimings;
  readonly #pause: NonNullable<StatsWriterOptions['pause']>;
  readonly #closing = new AbortController();
  readonly #givenUp = new AbortController();
  /** The oldest first. */
  readonly #waiting: Sample[] = [];
  /** How many samples of the batch that is being written have no end yet. */
  #inFlight = 0;
  #written = 0;
  #dropped = 0;
  #unwritable = 0;
  #trouble: Trouble | undefined;
  #working: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor({ sink, log, maxBuffered, maxBatch = 500, timings, pause = pauseByTimer }: StatsWriterOptions) {
    this.#sink = sink;
    this.#log = log;
    this.#maxBuffered = maxBuffered;
    this.#maxBatch = maxBatch;
    this.#timings = { ...defaultTimings, ...timings };
    this.#pause = pause;
  }

  /** Samples that wait or are being written. */
  get buffered(): number {
    return this.#waiting.length + this.#inFlight;
  }

  get written(): number {
    return this.#written;
  }

  /** Samples that were given up, for want of room, or of time at the end. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Samples that the sink does not take, however often it is tried. */
  get unwritable(): number {
    return this.#unwritable;
  }

  /** Has samples written, and waits for nothing. Once it is closed they are dropped. */
  add(samples: readonly Sample[]): void {
    if (this.#closed) {
      this.#dropped += samples.length;
      return;
    }
    for (const sample of samples) this.#waiting.push(sample);
    this.#dropSurplus();
    if (this.#waiting.length > 0) this.#working ??= Promise.resolve().then(() => this.#work());
  }

  /** Resolves when everything is written, or could not be for 2 s: then the rest is given up, and logged. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    const done = new AbortController();
    const work = (this.#working ?? Promise.resolve()).then(() => done.abort());
    await Promise.race([work, this.#pause(this.#timings.close, done.signal)]);
    this.#givenUp.abort();
    const lost = this.buffered;
    if (lost === 0) return;
    this.#log.error(
      { lost, tried: this.#inFlight },
      'samples of quality are lost: they could not be written before the end. Those that were tried may be there',
    );
    this.#waiting.length = 0;
    this.#inFlight = 0;
    this.#dropped += lost;
  }

  async #work(): Promise<void> {
    do {
      if (this.#waiting.length < this.#maxBatch)
        await this.#pause(this.#timings.gather, this.#closing.signal);
      const batch = this.#waiting.splice(0, this.#maxBatch);
      if (batch.length === 0) break;
      this.#inFlight = batch.length;
      const [refused, ...others] = await this.#write(batch);
      if (refused) {
        const { error, sample } = refused;
        this.#log.error(
          { err: error, sample, count: 1 + others.length },
          'samples of quality cannot be written',
        );
      }
    } while (this.#waiting.length > 0);
    this.#working = undefined;
  }

  /** Until each of the batch is written or refused, or given up. @returns those that are refused. */
  async #write(batch: readonly Sample[]): Promise<Refused[]> {
    for (let wait = this.#timings.retry; !this.#givenUp.signal.aborted; wait *= 2) {
      try {
        await this.#sink.write(batch);
        this.#writtenNow(batch.length);
        return [];
      } catch (error) {
        if (error instanceof UnwritableSamplesError) return this.#writeParts(batch, error);
        this.#troubled({ err: error }, 'samples of quality cannot be written yet: they wait');
        await this.#beforeRetry(wait);
      }
    }
    return [];
  }

  /** One that is refused may be all that is wrong with a batch: by halves, it is found. */
  async #writeParts(batch: readonly Sample[], error: UnwritableSamplesError): Promise<Refused[]> {
    const [sample, ...others] = batch;
    if (sample && others.length === 0) {
      if (this.#givenUp.signal.aborted) return [];
      this.#inFlight -= 1;
      this.#unwritable += 1;
      return [{ sample, error }];
    }
    const half = Math.ceil(batch.length / 2);
    const refused = await this.#write(batch.slice(0, half));
    return [...refused, ...(await this.#write(batch.slice(half)))];
  }

  #writtenNow(count: number): void {
    if (this.#givenUp.signal.aborted) return;
    this.#inFlight -= count;
    this.#written += count;
    if (!this.#trouble || this.#waiting.length >= this.#maxBatch) return;
    const { since, dropped } = this.#trouble;
    this.#trouble = undefined;
    this.#log.info(
      { dropped: this.#dropped - dropped, ms: Math.round(performance.now() - since) },
      'samples of quality are written again as they come',
    );
  }

  #beforeRetry(wait: number): Promise<void> {
    const { retry, longestRetry } = this.#timings;
    return this.#closing.signal.aborted
      ? this.#pause(retry, this.#givenUp.signal)
      : this.#pause(Math.min(wait, longestRetry), this.#closing.signal);
  }

  #dropSurplus(): void {
    const surplus = this.buffered - this.#maxBuffered;
    if (surplus <= 0) return;
    this.#troubled({}, 'samples of quality come faster than they are written: the oldest are dropped');
    this.#dropped += this.#waiting.splice(0, surplus).length;
  }

  /** Once, until they are written again as they come. */
  #troubled(why: object, message: string): void {
    if (this.#trouble) return;
    this.#trouble = { since: performance.now(), dropped: this.#dropped };
    this.#log.warn({ ...why, buffered: this.buffered }, message);
  }
}

const pauseByTimer = (ms: number, cut: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal: cut }).catch(() => undefined);
