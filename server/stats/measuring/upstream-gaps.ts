import type { types } from 'mediasoup';

/**
 * What a consumer's receiver reports as lost though it was never sent to it. mediasoup forwards the gaps in the sequence
 * numbers of what the publisher's network lost and nobody sent again; the receiver cannot tell them from losses on its own
 * side. They are counted here, to be taken off.
 */
export class UpstreamGaps {
  #ssrc: number | undefined;
  #open = 0;
  #sent = 0;
  #total = 0;

  /** How many gaps it has been sent so far. */
  get total(): number {
    return this.#total;
  }

  /**
   * @param sent Packets that the consumer has been sent so far.
   * @param upstream The stream that is forwarded to it now.
   */
  count(sent: number, upstream: types.ProducerStat | undefined): void {
    if (!upstream) return;
    // Without RTX what is sent again has the sequence number of what was lost, and counts as received.
    const open = upstream.packetsLost - (upstream.rtxSsrc ? upstream.packetsRepaired : 0);
    // While nothing is forwarded no gaps are, and another stream begins without any.
    if (upstream.ssrc === this.#ssrc && sent > this.#sent) {
      // What was lost before it was forwarded may still be sent again.
      this.#total = Math.max(0, this.#total + open - this.#open);
    }
    this.#ssrc = upstream.ssrc;
    this.#open = open;
    this.#sent = sent;
  }
}
