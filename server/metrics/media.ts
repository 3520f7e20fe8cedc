import { Counter, Histogram, type Registry } from 'prom-client';
import type { BitrateBounds } from '../rooms/bitrate-bounds.ts';
import type { Recorder } from '../stats/recorder.ts';
import type { Counter as Counted, Sample } from '../stats/sample.ts';
import { counter, PREFIX, type Labelled } from './definitions.ts';

/** In seconds: from the same city to where talking becomes hard. */
const ROUND_TRIPS = [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2];

/**
 * Counts what the SFU measures of whole transports, which grows once every STATS_INTERVAL_MS and when a transport closes, and
 * the tracks that were closed for their bitrate.
 */
export function describeMedia(registry: Registry, recorder: Recorder, bitrates: BitrateBounds): void {
  counter(registry, {
    name: 'producers_over_bitrate_total',
    help: 'Tracks that were closed because they sent more than PRODUCER_VIDEO_MAX_BITRATE or PRODUCER_AUDIO_MAX_BITRATE.',
    labelNames: ['kind'],
    read: () => Object.entries(bitrates.closed).map(([kind, count]): Labelled<'kind'> => [{ kind }, count]),
  });
  const counterOf = (name: string, help: string) =>
    new Counter({ name: `${PREFIX}${name}`, help, labelNames: ['direction'], registers: [registry] });
  const counters = [
    [
      'Bytes',
      counterOf(
        'media_bytes_total',
        'Bytes that UDP and TCP carried: up is from participants, down is to them.',
      ),
    ],
    [
      'Packets',
      counterOf(
        'media_packets_total',
        'RTP packets that were sent, without those sent again: what arrived and what was lost.',
      ),
    ],
    [
      'PacketsLost',
      counterOf(
        'media_packets_lost_total',
        'RTP packets of these that the network lost, whether or not they were sent again.',
      ),
    ],
  ] as const;
  const roundTrips = new Histogram({
    name: `${PREFIX}media_round_trip_seconds`,
    help: 'Round trips between server and participants, one of each transport an interval.',
    buckets: ROUND_TRIPS,
    registers: [registry],
  });
  const directions = ['up', 'down'] as const;
  // From 0, so that the first bytes are an increase too.
  for (const [, counter] of counters) for (const direction of directions) counter.inc({ direction }, 0);

  recorder.on('sampled', (samples: readonly Sample[]) => {
    for (const { track, figures } of samples) {
      if (track) continue;
      for (const [what, counter] of counters) {
        for (const direction of directions) {
          const value = figures[`${direction}${what}` satisfies Counted] ?? 0;
          if (value > 0) counter.inc({ direction }, value);
        }
      }
      if (figures.rttMs !== undefined) roundTrips.observe(figures.rttMs / 1_000);
    }
  });
}
