import type { Registry } from 'prom-client';
import type { Streams } from '../streams/streams.ts';
import { counter, gauge, type Labelled } from './definitions.ts';

/** The limit on videos: what is held, what was refused, what had to be mended. */
export function describeStreams(registry: Registry, streams: Streams): void {
  gauge(registry, {
    name: 'slots_held',
    help: 'Slots that videos hold which this server forwards. Declared streams are not among them: the database counts those, for all servers.',
    read: () => streams.own.all().filter(({ granted, end }) => granted && !end).length,
  });
  counter(registry, {
    name: 'streams_refused_total',
    help: 'Videos that were refused because the user had all slots taken, by who was to play them: sfu (forwarded here), declared (REST), stream_count (the older API).',
    labelNames: ['origin'],
    read: () =>
      Object.entries(streams.refused).map(([origin, count]): Labelled<'origin'> => [{ origin }, count]),
  });
  counter(registry, {
    name: 'slots_mended_total',
    help: 'How often slots and forwarded videos did not agree, and were made to. 0 where nothing failed.',
    read: () => streams.mended,
  });
}
