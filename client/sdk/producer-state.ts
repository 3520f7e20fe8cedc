import type { types } from 'mediasoup-client';
import { isPassing, SignallingError } from './errors.ts';
import { insist, untilAgain } from './insisting.ts';
import type { Link } from './link.ts';

/** The producer is closed there already, or the connection is gone: once it is back, both sides agree anew. */
const OVER = new Set<SignallingError['code']>(['not_found', 'unreachable']);

/** A producer of one's own, or what there is of it while the room is out of reach. */
interface Muting {
  producer: types.Producer | undefined;
  muted: boolean;
}

/** Tells the server what becomes of one's own producers. Where it refuses that for now, it is told again until it takes it. */
export class ProducerState {
  readonly #link: () => Link | undefined;
  readonly #problem: (error: unknown) => void;

  /** @param problem What nobody waits for has failed. */
  constructor(link: () => Link | undefined, problem: (error: unknown) => void) {
    this.#link = link;
    this.#problem = problem;
  }

  /** Sends a producer no longer. @throws {SignallingError} */
  async withdraw(producer: types.Producer | undefined): Promise<void> {
    if (!producer || producer.closed) return;
    producer.close();
    await this.close(producer.id);
  }

  /** Closes a producer on the server. @throws {SignallingError} */
  async close(producerId: string): Promise<void> {
    await this.#ask((link) => link.request('closeProducer', { producerId })).catch(unlessOver);
  }

  /** Pauses or resumes a producer here and on the server. @throws {SignallingError} */
  async tellMuted(publication: Muting): Promise<void> {
    const { producer, muted } = publication;
    if (!producer || producer.closed) return;
    if (muted) producer.pause();
    else producer.resume();
    const method = muted ? 'pauseProducer' : 'resumeProducer';
    await this.#ask(
      (link) => link.request(method, { producerId: producer.id }),
      () => producer.closed || publication.muted !== muted,
    );
  }

  /** Waits for the first answer alone. */
  async #ask(ask: (link: Link) => Promise<unknown>, isOver = () => false): Promise<void> {
    const link = this.#link();
    if (!link) return;
    try {
      await ask(link);
    } catch (error) {
      if (!isPassing(error)) throw error;
      untilAgain(1, error)
        .then(() =>
          insist(
            () => ask(link),
            () => link !== this.#link() || isOver(),
          ),
        )
        .catch(unlessOver)
        .catch(this.#problem);
    }
  }
}

function unlessOver(error: unknown): void {
  if (!(error instanceof SignallingError && OVER.has(error.code))) throw error;
}
