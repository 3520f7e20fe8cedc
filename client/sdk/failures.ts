import { backOff } from './back-off.ts';
import { SignallingError } from './errors.ts';
import type { RemotePublication } from './participants.ts';

/** Waits before a track that failed is tried again, in ms. */
const RETRY = { firstMs: 3_000, mostMs: 30_000 };

/** A track that the browser fails to play is given up after so many tries: each one costs the others an interruption. */
const MAX_UNPLAYABLE = 2;

/** Refusals that stay: what this browser cannot receive, or its user may not. */
const FINAL = new Set<SignallingError['code']>(['cannot_consume', 'forbidden']);

/** Counts the failures of each track that could not be received, and decides when to retry it. */
export class Failures {
  #failed = new WeakSet<RemotePublication>();
  #count = new WeakMap<RemotePublication, number>();
  /** Failures of the browser alone, without refusals of the server. */
  #unplayable = new WeakMap<RemotePublication, number>();

  /** It failed, and is not being tried again. */
  has(publication: RemotePublication): boolean {
    return this.#failed.has(publication);
  }

  /** The browser has failed to play it too often. */
  isGivenUp(publication: RemotePublication): boolean {
    return (this.#unplayable.get(publication) ?? 0) >= MAX_UNPLAYABLE;
  }

  /** @returns the time after which it is to be tried again, in ms; undefined where it is not. */
  note(publication: RemotePublication, error: unknown): number | undefined {
    const count = increment(this.#count, publication);
    this.#failed.add(publication);
    if (error instanceof SignallingError) {
      return FINAL.has(error.code) ? undefined : backOff(count, RETRY);
    }
    increment(this.#unplayable, publication);
    return this.isGivenUp(publication) ? undefined : backOff(count, RETRY);
  }

  /** It is tried again. @returns whether it had failed. */
  retry(publication: RemotePublication): boolean {
    return this.#failed.delete(publication);
  }

  /** It is received, or its user wants it: nothing counts against it any more. */
  forget(publication: RemotePublication): void {
    this.#failed.delete(publication);
    this.#count.delete(publication);
    this.#unplayable.delete(publication);
  }

  /** The connection is back: everything may be tried again but what the browser cannot play. */
  clearRefusals(publications: readonly RemotePublication[]): void {
    this.#failed = new WeakSet(publications.filter((publication) => this.isGivenUp(publication)));
    this.#count = new WeakMap();
  }
}

function increment(counts: WeakMap<RemotePublication, number>, publication: RemotePublication): number {
  const count = (counts.get(publication) ?? 0) + 1;
  counts.set(publication, count);
  return count;
}
