import { Registry } from 'prom-client';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { BitrateBounds } from '../rooms/bitrate-bounds.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Recorder } from '../stats/recorder.ts';
import type { Streams } from '../streams/streams.ts';
import { describeCalls } from './calls.ts';
import { describeDatabase, type PoolCounts } from './database.ts';
import { describeMedia } from './media.ts';
import { describeBuild, processMetrics } from './process.ts';
import { Requests } from './requests.ts';
import { describeSamples } from './samples.ts';
import { SignallingMetrics } from './signalling.ts';
import { describeStreams } from './streams.ts';
import { describeWorkers } from './workers.ts';

export interface MetricsSources {
  rooms: RoomRegistry;
  streams: Streams;
  bitrates: BitrateBounds;
  workers: WorkerPool;
  recorder: Recorder;
  /** Connections to the database, by what they are for. */
  pools: Readonly<Record<string, PoolCounts>>;
  /** How many WebSockets are open. */
  connections: () => number;
  /** How many of them were refused. */
  sockets: { readonly refused: number };
}

/**
 * What Prometheus is told of this server. Most is read when it asks, and the rest counted here, so that no other part knows
 * of it. Labels have few values, which no client can add to: no names, no ids.
 */
export class Metrics {
  readonly requests: Requests;
  readonly signalling: SignallingMetrics;
  readonly #registry = new Registry();
  #reading: Promise<string> | undefined;

  constructor({ rooms, streams, bitrates, workers, recorder, pools, connections, sockets }: MetricsSources) {
    const registry = this.#registry;
    describeBuild(registry);
    describeCalls(registry, rooms);
    describeStreams(registry, streams);
    describeMedia(registry, recorder, bitrates);
    describeSamples(registry, recorder.writer);
    describeWorkers(registry, workers);
    this.signalling = new SignallingMetrics(registry, connections, sockets);
    this.requests = new Requests(registry);
    describeDatabase(registry, pools);
    processMetrics();
  }

  /** The media type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything, as of now, in the text format of Prometheus. Those who ask at once get the same. */
  text(): Promise<string> {
    return (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  async #read(): Promise<string> {
    const parts = [this.#registry, processMetrics()];
    return (await Promise.all(parts.map((part) => part.metrics()))).join('\n');
  }
}
