import type { types } from 'mediasoup-client';
import type { Consumer as ConsumerOffer } from '../../server/protocol/model.ts';
import { forMediasoupClient } from './mediasoup-types.ts';

/** The transport that a track was forwarded on has been replaced: the track has to be asked for again. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

interface Task {
  offer: ConsumerOffer;
  resolve: (consumer: types.Consumer) => void;
  reject: (error: unknown) => void;
}

/**
 * Hands tracks to mediasoup-client. It negotiates all that wait in one go, since 96 sounds one by one take seconds; but then a
 * track that cannot be negotiated fails all of them, and its part of the session description stays behind, so that
 * every later negotiation fails as well. So after a failure the transport has to be replaced, and the tracks that failed
 * together are negotiated one by one.
 *
 * @see node_modules/mediasoup-client/lib/Transport.js, `createPendingConsumers`
 */
export class ReceiveQueue {
  readonly #broken: () => void;
  /** Undefined while there is none that works. */
  #transport: types.Transport | undefined;
  #waiting: Task[] = [];
  #underWay: Task[] = [];
  /** The ids of producers that have failed and not succeeded since. */
  readonly #suspects = new Set<string>();

  /** @param broken A negotiation has failed: the transport is of no use for another one. */
  constructor(broken: () => void) {
    this.#broken = broken;
  }

  /** Uses a transport from now on. */
  begin(transport: types.Transport): void {
    this.#transport = transport;
    this.#run();
  }

  /** The transport goes: whatever waits for it is `Superseded`. */
  end(): void {
    const tasks = [...this.#underWay, ...this.#waiting];
    this.#transport = undefined;
    this.#underWay = [];
    this.#waiting = [];
    for (const { reject } of tasks) reject(new Superseded('The transport was replaced.'));
  }

  /** @throws {Superseded} where the transport is replaced meanwhile; and what the browser says of a track that it cannot play. */
  consume(offer: ConsumerOffer): Promise<types.Consumer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ offer, resolve, reject });
      this.#run();
    });
  }

  #run(): void {
    if (!this.#transport || this.#underWay.length > 0 || this.#waiting.length === 0) return;
    const trusted = this.#waiting.filter(({ offer }) => !this.#suspects.has(offer.producerId));
    this.#underWay = trusted.length > 0 ? trusted : this.#waiting.slice(0, 1);
    this.#waiting = this.#waiting.filter((task) => !this.#underWay.includes(task));
    void this.#negotiate(this.#transport, this.#underWay);
  }

  async #negotiate(transport: types.Transport, tasks: Task[]): Promise<void> {
    const results = await Promise.allSettled(
      tasks.map(({ offer }) => transport.consume(forMediasoupClient(offer))),
    );
    if (transport !== this.#transport) return;
    const failure = results.find(({ status }) => status === 'rejected');
    if (failure) {
      this.#transport = undefined;
      for (const { offer } of tasks) this.#suspects.add(offer.producerId);
      // Which of several it was shows when they are negotiated one by one.
      if (tasks.length === 1) this.#settle(tasks, results);
      this.#broken();
      return;
    }
    for (const { offer } of tasks) this.#suspects.delete(offer.producerId);
    this.#settle(tasks, results);
    this.#run();
  }

  #settle(tasks: Task[], results: PromiseSettledResult<types.Consumer>[]): void {
    this.#underWay = [];
    for (const [index, { resolve, reject }] of tasks.entries()) {
      const result = results[index];
      if (result?.status === 'fulfilled') resolve(result.value);
      else reject(result?.reason);
    }
  }
}
