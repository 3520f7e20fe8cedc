import type { types } from 'mediasoup';
import { UpstreamGaps } from './upstream-gaps.ts';

/** A receiver that has reported nothing for so long is not waited for, in ms. Chromium reports on sound every 2.5 to 7.5 s. */
const SILENT_MS = 15_000;

/** What a consumer has sent, and what of it was lost on its way, by one and the same receiver report (RFC 3550, section 6.4.2). */
export interface Reported {
  packetsSent: number;
  packetsLost: number;
  /** The report has come since the last time. */
  isNew: boolean;
}

/**
 * Losses of a consumer are known from time to time, by receiver reports, which may be lost too; the packets that it sends
 * are known always. Counted each at its time, a ratio would be nothing now and double later: packets count when
 * they are reported on.
 */
export class ConsumerLoss {
  readonly #gaps = new UpstreamGaps();
  #report = '0 0 0 0';
  #heardAt: number | undefined;
  #reported = { packetsSent: 0, packetsLost: 0 };

  /** Packets that the receiver misses though they were never sent to it: the publisher's network lost them. */
  get notSent(): number {
    return this.#gaps.total;
  }

  /** Before anything is forwarded. @param upstream The stream that is going to be. */
  begin(upstream: types.ProducerStat | undefined): void {
    this.#gaps.count(0, upstream);
  }

  /**
   * @param upstream The stream that is forwarded now.
   * @param isLast There will be no other report.
   */
  count(sent: types.ConsumerStat, upstream: types.ProducerStat | undefined, isLast: boolean): Reported {
    this.#gaps.count(sent.packetCount, upstream);
    const { packetsLost, fractionLost, jitter, roundTripTime = 0, timestamp } = sent;
    const report = [packetsLost, fractionLost, jitter, roundTripTime].join(' ');
    this.#heardAt ??= timestamp;
    const isNew = report !== this.#report;
    if (isNew || isLast || timestamp - this.#heardAt >= SILENT_MS) {
      this.#report = report;
      this.#heardAt = timestamp;
      this.#reported = {
        packetsSent: sent.packetCount,
        packetsLost: Math.max(0, packetsLost - this.#gaps.total),
      };
    }
    return { ...this.#reported, isNew };
  }
}
