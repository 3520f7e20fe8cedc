import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { ReportedTransport } from '../protocol/stats-report.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { BrowserReports } from './measuring/browser-reports.ts';
import { Sampler } from './measuring/sampler.ts';
import { ownQualityOf } from './own-quality.ts';
import type { Sample } from './sample.ts';
import type { StatsSink } from './writing/stats-sink.ts';
import { StatsWriter } from './writing/stats-writer.ts';

export interface RecorderOptions {
  rooms: RoomRegistry;
  sink: StatsSink;
  /** Time between two samples, in ms. */
  interval: number;
  /** Samples that wait for the sink at most. */
  maxBuffered: number;
  log: Logger;
}

interface RecorderEvents {
  /** What the SFU says of a transport and its tracks, the last samples too. */
  sampled: [readonly Sample[]];
}

/**
 * Records the quality of every call: what the workers and the browsers say becomes samples, and goes to the sink. Each
 * participant is told what the workers say of it.
 */
export class Recorder extends EventEmitter<RecorderEvents> {
  /** Time between two samples, in ms. */
  readonly interval: number;
  readonly writer: StatsWriter;
  readonly sampler: Sampler;
  readonly #reports = new BrowserReports();

  constructor({ rooms, sink, interval, maxBuffered, log }: RecorderOptions) {
    super();
    this.interval = interval;
    this.writer = new StatsWriter({ sink, maxBuffered, log });
    this.sampler = new Sampler({
      rooms,
      interval,
      sink: { add: (samples) => this.#add(samples) },
      measured: (participant, samples) => {
        const data = ownQualityOf(samples);
        if (data) participant.notify({ event: 'quality', data });
      },
      log,
    });
  }

  /** Samples at intervals from now on. */
  start(): void {
    this.sampler.start();
  }

  /** What a browser says of transports of its participant: all or nothing. @throws {AppError} as `BrowserReports.check`. */
  report(reports: readonly ReportedTransport[]): void {
    const open = reports.flatMap((report) => {
      const transport = this.sampler.transport(report.transportId);
      return transport ? [{ transport, report }] : [];
    });
    for (const { transport, report } of open) this.#reports.check(transport, report);
    for (const { transport, report } of open) this.writer.add(this.#reports.samplesOf(transport, report));
  }

  #add(samples: readonly Sample[]): void {
    this.writer.add(samples);
    this.emit('sampled', samples);
  }

  /** Resolves when everything has been written, or cannot be for now, which is logged. After every room has closed. */
  async stop(): Promise<void> {
    await this.sampler.stop();
    await this.writer.close();
  }
}
