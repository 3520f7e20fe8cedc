import type { StreamReading } from './reading.ts';

/** What a stream carried and lost between two readings. */
export interface StreamDelta {
  bytes: number;
  /** Sent; at the end that receives: what came and what was lost. */
  packets: number | undefined;
  packetsLost: number | undefined;
  nacks: number | undefined;
  plis: number | undefined;
  freezes: number | undefined;
  freezeMs: number | undefined;
}

const counted = [
  'bytes',
  'packetsSent',
  'packetsReceived',
  'packetsLost',
  'nacks',
  'plis',
  'freezes',
  'freezeMs',
] as const;

/** What of each counter has been counted so far. */
export type Counted = Partial<Record<(typeof counted)[number], number | undefined>>;

/**
 * What has come since the last reading. Nothing is ever negative: where packets or bytes went back, the stream has begun
 * anew and counts from zero; any other counter that goes back counts on once it is past what was counted.
 *
 * @param before What was counted until then; undefined: the stream is new, and all of it has come since.
 * @param mayBeginAnew False: where it seems so nothing has come, and it counts on from there.
 */
export function difference(
  before: Counted | undefined,
  reading: StreamReading,
  mayBeginAnew = true,
): { delta: StreamDelta; counted: Counted } {
  const restarted =
    before !== undefined &&
    (['bytes', 'packetsSent', 'packetsReceived'] as const).some(
      (name) => (reading[name] ?? 0) < (before[name] ?? 0),
    );
  const from: Counted = !restarted ? (before ?? {}) : mayBeginAnew ? {} : reading;
  const since = (name: (typeof counted)[number]) => {
    const value = reading[name];
    return value === undefined ? undefined : Math.max(0, value - (from[name] ?? 0));
  };
  const packetsLost = since('packetsLost');
  const packetsReceived = since('packetsReceived');
  const delta: StreamDelta = {
    bytes: since('bytes') ?? 0,
    packets: packetsReceived === undefined ? since('packetsSent') : packetsReceived + (packetsLost ?? 0),
    packetsLost,
    nacks: since('nacks'),
    plis: since('plis'),
    freezes: since('freezes'),
    freezeMs: since('freezeMs'),
  };
  const highest = counted.flatMap((name): [string, number][] => {
    const value = reading[name] ?? from[name];
    return value === undefined ? [] : [[name, Math.max(value, from[name] ?? 0)]];
  });
  return { delta, counted: Object.fromEntries(highest) };
}
