import type { Counters, Network, Traffic, Way } from './network.ts';

/** What the network itself counted in a time. */
export interface Truth extends Counters {
  /** In ms since the epoch, multiples of `BUCKET_MS`. */
  from: number;
  to: number;
}

/** How far from the truth what is recorded may be. */
export const limits = {
  /** Of a share of lost packets: two points. */
  loss: 0.02,
  /** Of a share where nothing was lost but what this machine missed, while somebody else lost some. */
  none: 0.01,
  /** The same of one's own way: nothing, but for a packet that overtook another. */
  zero: 0.001,
  /** Of a bitrate: a share of it. */
  bitrate: 0.05,
  /** Of a round-trip time. */
  rttMs: 10,
  /** The least packets that a loss is measured of. */
  packets: 4_000,
};

/** The shortest rollups that are kept, in ms. */
export const BUCKET_MS = 15_000;

/** The most buckets that are waited for, where packets come slowly. */
const MOST_BUCKETS = 8;

/**
 * Waits for the next bucket that begins no sooner than in `warmUpMs`, and counts until so many are over, and so many packets
 * were sent either way.
 */
export async function truthOf(
  network: Network,
  buckets: number,
  warmUpMs: number,
  { bucketMs = BUCKET_MS, packets = 0 } = {},
): Promise<Truth> {
  const from = Math.ceil((Date.now() + warmUpMs) / bucketMs) * bucketMs;
  let to = from + buckets * bucketMs;
  await reached(from);
  const before = await network.counters();
  await reached(to);
  let after = await network.counters();
  const sent = (way: Way) => packetsOf(between(before[way], after[way]));
  while (Math.min(sent('up'), sent('down')) < packets && to - from < MOST_BUCKETS * bucketMs) {
    to += bucketMs;
    await reached(to);
    after = await network.counters();
  }
  return {
    from,
    to,
    up: between(before.up, after.up),
    down: between(before.down, after.down),
    missed: after.missed - before.missed,
  };
}

/** Of all packets that were sent, the share that did not come through. */
export const lossOf = (traffic: Traffic): number => traffic.dropped / packetsOf(traffic);

const packetsOf = ({ dropped, passed }: Traffic): number => dropped + passed;

/** What UDP carried one way, without any headers, in bit/s. */
export const bitrateOf = (truth: Truth, way: Way): number =>
  (truth[way].udpBytes * 8000) / (truth.to - truth.from);

/** Waits for a time by the wall clock. */
export const reached = (at: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, at - Date.now()));

const between = (before: Traffic, after: Traffic): Traffic => ({
  passed: after.passed - before.passed,
  dropped: after.dropped - before.dropped,
  udpBytes: after.udpBytes - before.udpBytes,
});
