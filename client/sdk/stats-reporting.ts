import type { types } from 'mediasoup-client';
import type { ReportedTransport } from '../../server/protocol/stats-report.ts';
import { SignallingError } from './errors.ts';
import type { Signalling } from './signalling.ts';
import { reportOf } from './stats-report.ts';

export interface StatsReportingOptions {
  request: Signalling['request'];
  /** Is given each report, also one that the server does not get. */
  read: (transports: readonly ReportedTransport[]) => void;
  /** Time between two reports, in ms. */
  interval: number;
}

/** Asks the browser's own statistics at intervals, and tells the server, so that it can be asked later how a call was. */
export class StatsReporting {
  readonly #options: StatsReportingOptions;
  readonly #transports = new Set<types.Transport>();
  /** The ids of producers and consumers, by those of their tracks. */
  readonly #ids = new Map<string, string>();
  readonly #timer: ReturnType<typeof setInterval>;
  #busy = false;

  constructor(options: StatsReportingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#report(), options.interval);
  }

  /** Reports on a transport too, until it is closed. */
  add(transport: types.Transport): void {
    const { observer } = transport;
    this.#transports.add(transport);
    observer.on('newproducer', (producer) => this.#note(producer));
    observer.on('newconsumer', (consumer) => this.#note(consumer));
    observer.once('close', () => this.#transports.delete(transport));
  }

  /** No report is sent any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #note({ id, track, observer }: types.Producer | types.Consumer): void {
    if (!track) return;
    this.#ids.set(track.id, id);
    observer.once('close', () => {
      if (this.#ids.get(track.id) === id) this.#ids.delete(track.id);
    });
  }

  async #report(): Promise<void> {
    const live = [...this.#transports].filter(({ connectionState }) => connectionState === 'connected');
    if (this.#busy) return;
    // Nothing arrives: that is told as well.
    if (live.length === 0) {
      this.#options.read([]);
      return;
    }
    this.#busy = true;
    try {
      const transports = await Promise.all(
        live.map(async (transport) => {
          const stats = await transport.getStats();
          return reportOf(transport, performance.now(), stats, this.#ids);
        }),
      );
      this.#options.read(transports);
      await this.#options.request('reportStats', { transports });
    } catch (error) {
      // The next report has everything that this one had: counters count from the beginning.
      if (!(error instanceof SignallingError) && !isClosed(error)) throw error;
    } finally {
      this.#busy = false;
    }
  }
}

/** A transport was closed while it was asked. */
const isClosed = (error: unknown): boolean => error instanceof Error && error.name === 'InvalidStateError';
