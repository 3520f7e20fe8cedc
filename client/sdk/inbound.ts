import type { types } from 'mediasoup-client';
import type { Consumer as ConsumerOffer } from '../../server/protocol/model.ts';
import { backOff } from './back-off.ts';
import { isPassing, isUnreachable, SignallingError } from './errors.ts';
import { insist } from './insisting.ts';
import { forMediasoupClient } from './mediasoup-types.ts';
import { Pacing } from './pacing.ts';
import { assertReceivable } from './receivable.ts';
import { ReceiveQueue, Superseded } from './receive-queue.ts';
import type { Asking } from './transport-requests.ts';

/** Waits before a broken transport is replaced, after the first one, in ms. What is received plays on meanwhile. */
const REPLACE = { firstMs: 500, mostMs: 30_000 };

/** After so long without a broken transport the next one is replaced at once again, in ms. */
const CALM_MS = 60_000;

/** Tries to have a transport made. */
const MAX_MAKING = 6;

export interface InboundOptions extends Asking {
  transport: types.Transport;
  /** The browser's receive capabilities. */
  capabilities: types.RtpCapabilities;
  /** Makes the browser's side of a transport that the server has made. */
  make: (options: types.TransportOptions) => types.Transport;
  /** Whatever was received has ended with its transport, and can be asked for again. */
  onReplaced: () => void;
  /** There is no transport any more, and none to be had. */
  onLost: () => void;
}

/**
 * The receiving side of a link. A track that cannot be received fails alone: if it breaks the transport, the transport is replaced
 * and the other tracks are received again.
 */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #pacing = new Pacing();
  readonly #queue = new ReceiveQueue(() => void this.#replace());
  /** The ids of consumers that have come and do not play yet. */
  readonly #starting = new Set<string>();
  #transport: types.Transport;
  /** The number of the current transport, from 0. */
  #turn = 0;
  /** The number of breaks in close succession, and the time of the last one, in ms. */
  #breaks = { count: 0, at: -Infinity };
  #closed = false;

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.#queue.begin(this.#transport);
  }

  /**
   * Receives a producer of somebody else; it plays from the moment that this resolves.
   *
   * @param replace The stream that is given up for it.
   * @throws {SignallingError} `stream_limit` where all the user's slots are held, `cannot_consume`; and what the browser says
   *   of a track that it cannot play.
   */
  async subscribe(
    producerId: string,
    replace?: string,
  ): Promise<{ consumer: types.Consumer; streamId: string | undefined }> {
    const params = replace === undefined ? { producerId } : { producerId, replace };
    for (;;) {
      let turn = this.#turn;
      try {
        const { streamId, ...offer } = await this.#pacing.run(() => {
          turn = this.#turn;
          return this.#options.request('consume', params);
        });
        return { consumer: await this.#play(offer, turn), streamId };
      } catch (error) {
        // The request ended with its transport: repeat it on the next one.
        const hasEnded = error instanceof Superseded || (isNotFound(error) && turn !== this.#turn);
        if (!hasEnded) throw error;
      }
    }
  }

  /**
   * Plays what the server forwards. What cannot be played is given back, so that it holds no slot.
   *
   * @throws {Superseded} where its transport was replaced: then the server offers it again.
   */
  play(offer: ConsumerOffer): Promise<types.Consumer> {
    return this.#play(offer, this.#turn);
  }

  /** The server has made a consumer, and it is about to play. */
  isStarting(consumerId: string): boolean {
    return this.#starting.has(consumerId);
  }

  async #play(offer: ConsumerOffer, turn: number): Promise<types.Consumer> {
    let consumer: types.Consumer | undefined;
    this.#starting.add(offer.id);
    try {
      this.#refuseIfReplaced(turn);
      assertReceivable(offer, this.#options.capabilities);
      consumer = await this.#queue.consume(offer);
      await this.#pacing.run(() => this.#options.request('resumeConsumer', { consumerId: offer.id }), true);
      return consumer;
    } catch (error) {
      consumer?.close();
      if (error instanceof Superseded) throw error;
      if (turn === this.#turn) await this.stopReceiving(offer.id, isPassing(error));
      // What is refused ended with its transport.
      else if (error instanceof SignallingError) this.#refuseIfReplaced(turn);
      throw error;
    } finally {
      this.#starting.delete(offer.id);
    }
  }

  #refuseIfReplaced(turn: number): void {
    if (turn !== this.#turn) throw new Superseded('The transport was replaced.');
  }

  /**
   * Gives back what the server forwards, and asks until it takes it: else it would hold a slot. That it has been closed there already is
   * as good.
   *
   * @param again It is not unwanted: the server may offer it again.
   */
  async stopReceiving(consumerId: string, again = false): Promise<void> {
    const params = again ? { consumerId, again } : { consumerId };
    const turn = this.#turn;
    const asked = insist(
      () => this.#pacing.run(() => this.#options.request('closeConsumer', params), true),
      () => this.#closed || turn !== this.#turn,
    );
    await unlessGone(asked);
  }

  /** The link has ended. */
  close(): void {
    this.#closed = true;
    this.#queue.end();
    this.#transport.close();
  }

  /** Replaces the transport; the place in the room stays. */
  async #replace(): Promise<void> {
    const now = performance.now();
    const count = now - this.#breaks.at > CALM_MS ? 0 : this.#breaks.count;
    this.#breaks = { count: count + 1, at: now };
    if (count > 0) await new Promise((resolve) => setTimeout(resolve, backOff(count, REPLACE)));
    if (this.#closed) return;
    const former = this.#transport;
    this.#turn += 1;
    former.close();
    try {
      // In this order, in one go: what is asked for from now on is forwarded on the new one.
      const made = this.#makeAnother(former.id);
      this.#queue.end();
      this.#options.onReplaced();
      await this.#use(made);
    } catch {
      this.#options.onLost();
    }
  }

  /** @throws {SignallingError} where the place is lost. */
  async #use(made: Promise<types.TransportOptions>): Promise<void> {
    const options = await made;
    if (this.#closed) return;
    this.#transport = this.#options.make(options);
    this.#queue.begin(this.#transport);
  }

  /** Has the server close a transport and make another one. Where no answer comes, it is asked again when the connection is back. */
  async #makeAnother(formerId: string): Promise<types.TransportOptions> {
    const { request, back } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        const [, offer] = await Promise.all([
          unlessGone(request('closeTransport', { transportId: formerId })),
          request('createTransport', { direction: 'recv' }),
        ]);
        formerId = offer.id;
        // The relay's credentials from joining may have expired.
        const fresh = await request('restartIce', { transportId: offer.id });
        return { ...forMediasoupClient(offer), ...fresh };
      } catch (error) {
        if (failures === MAX_MAKING || !(isUnreachable(error) || isPassing(error))) throw error;
        // At once: it may be back before any wait is over.
        if (isUnreachable(error)) await back();
        else await new Promise((resolve) => setTimeout(resolve, backOff(failures, REPLACE)));
      }
    }
  }
}

async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof SignallingError && error.code === 'not_found';
}
