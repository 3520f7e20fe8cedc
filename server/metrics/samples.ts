import type { Registry } from 'prom-client';
import type { StatsWriter } from '../stats/writing/stats-writer.ts';
import { counter, gauge } from './definitions.ts';

/** What becomes of the statistics that go to the database. */
export function describeSamples(registry: Registry, writer: StatsWriter): void {
  gauge(registry, {
    name: 'samples_buffered',
    help: 'Samples of statistics that wait for the database, or are being written. STATS_BUFFER_SAMPLES is the most.',
    read: () => writer.buffered,
  });
  counter(registry, {
    name: 'samples_written_total',
    help: 'Samples of statistics that were written to the database.',
    read: () => writer.written,
  });
  counter(registry, {
    name: 'samples_dropped_total',
    help: 'Samples of statistics that were given up, for want of room in the buffer or of time at the end.',
    read: () => writer.dropped,
  });
  counter(registry, {
    name: 'samples_unwritable_total',
    help: 'Samples of statistics that the database does not take, however often it is tried. A bug.',
    read: () => writer.unwritable,
  });
}
