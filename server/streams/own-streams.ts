import type { Stream } from './stream.ts';

/** The streams that this server forwards, from before a slot is asked for until it is given back: by id and by user. */
export class OwnStreams {
  readonly #byId = new Map<string, Stream>();
  readonly #byUser = new Map<string, Set<Stream>>();

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  get(id: string): Stream | undefined {
    return this.#byId.get(id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** In the order in which they were asked for. */
  all(): Stream[] {
    return [...this.#byId.values()];
  }

  /** Those of one user. */
  of(userId: string): Stream[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  add(stream: Stream): void {
    this.#byId.set(stream.id, stream);
    const { userId } = stream.record;
    const streams = this.#byUser.get(userId);
    if (streams) streams.add(stream);
    else this.#byUser.set(userId, new Set([stream]));
  }

  /** Doing it again does nothing. */
  delete(stream: Stream): void {
    this.#byId.delete(stream.id);
    const { userId } = stream.record;
    const streams = this.#byUser.get(userId);
    streams?.delete(stream);
    if (streams?.size === 0) this.#byUser.delete(userId);
  }
}
