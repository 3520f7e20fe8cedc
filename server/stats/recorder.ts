import type { Logger } from 'pino';
import type { ReportedTransport } from '../protocol/stats-report.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { BrowserReports } from './measuring/browser-reports.ts';
import { Sampler } from './measuring/sampler.ts';
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

/** Records the quality of every call: what the workers and the browsers say becomes samples, and goes to the sink. */
export class Recorder {
  /** Time between two samples, in ms. */
  readonly interval: number;
  readonly writer: StatsWriter;
  readonly sampler: Sampler;
  readonly #reports = new BrowserReports();

  constructor({ rooms, sink, interval, maxBuffered, log }: RecorderOptions) {
    this.interval = interval;
    this.writer = new StatsWriter({ sink, maxBuffered, log });
    this.sampler = new Sampler({ rooms, interval, sink: this.writer, log });
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

  /** Resolves when everything has been written, or cannot be for now, which is logged. After every room has closed. */
  async stop(): Promise<void> {
    await this.sampler.stop();
    await this.writer.close();
  }
}
