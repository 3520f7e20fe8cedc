import type { types } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import { SignallingError } from './errors.ts';
import type { Link } from './link.ts';

/** A track of one's own that the room receives. */
export interface LocalPublication {
  readonly source: TrackSource;
  readonly track: MediaStreamTrack;
  muted: boolean;
  /** What sends it; undefined while the room is out of reach. */
  producer: types.Producer | undefined;
}

/** What one publishes oneself, one track a source. It outlives connections: each new one is given the same tracks. */
export class LocalTracks {
  readonly #publications = new Map<TrackSource, LocalPublication>();
  readonly #onChange: () => void;
  /** What the server is being asked to take. */
  readonly #sending = new Set<LocalPublication>();
  #link: Link | undefined;

  /** @param onChange Called whenever something that can be seen has changed. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get publications(): ReadonlyMap<TrackSource, LocalPublication> {
    return this.#publications;
  }

  /** Sends everything over a new connection. @returns a promise for each track. */
  attach(link: Link): Promise<void>[] {
    this.#link = link;
    return [...this.#publications.values()].map((publication) => this.#send(publication));
  }

  /**
   * The connection is back: what the server does not have is sent again, what it has too much is withdrawn, and it learns
   * who is muted.
   */
  async resume(producerIds: string[]): Promise<void> {
    const unknown = new Set(producerIds);
    for (const publication of this.#publications.values()) {
      if (publication.producer && unknown.delete(publication.producer.id)) {
        await this.#tellMuted(publication);
      } else {
        publication.producer?.close();
        publication.producer = undefined;
      }
    }
    for (const producerId of unknown) await this.#link?.request('closeProducer', { producerId });
    for (const publication of this.#publications.values()) {
      if (!publication.producer) await this.#send(publication);
    }
  }

  /** The connection is gone; the tracks wait for another one. */
  detach(): void {
    this.#link = undefined;
    for (const publication of this.#publications.values()) publication.producer = undefined;
  }

  /** @throws {SignallingError} where the server refuses it. */
  async publish(track: MediaStreamTrack, source: TrackSource): Promise<void> {
    await this.unpublish(source);
    const publication: LocalPublication = { source, track, muted: false, producer: undefined };
    this.#publications.set(source, publication);
    this.#onChange();
    try {
      await this.#send(publication);
    } catch (error) {
      // Out of reach, it is sent when the connection is back; refused, it is not published.
      if (!(error instanceof SignallingError && error.code === 'unreachable')) {
        this.#publications.delete(source);
        this.#onChange();
        throw error;
      }
    }
  }

  async unpublish(source: TrackSource): Promise<void> {
    const publication = this.#publications.get(source);
    if (!publication) return;
    this.#publications.delete(source);
    publication.track.stop();
    this.#onChange();
    await this.#withdraw(publication.producer);
  }

  /** The server takes a track no longer: it is stopped. */
  drop(producerId: string): void {
    for (const { source, track, producer } of this.#publications.values()) {
      if (producer?.id !== producerId) continue;
      producer.close();
      track.stop();
      this.#publications.delete(source);
    }
    this.#onChange();
  }

  async setMuted(source: TrackSource, muted: boolean): Promise<void> {
    const publication = this.#publications.get(source);
    if (!publication || publication.muted === muted) return;
    publication.muted = muted;
    this.#onChange();
    await this.#tellMuted(publication);
  }

  /** Stops every track, so that the camera's light goes out. */
  stop(): void {
    this.#link = undefined;
    for (const { track } of this.#publications.values()) track.stop();
    this.#publications.clear();
  }

  async #send(publication: LocalPublication): Promise<void> {
    const link = this.#link;
    if (!link?.hasMedia || this.#sending.has(publication)) return;
    this.#sending.add(publication);
    const producer = await link
      .publish(publication.track, publication.source)
      .finally(() => this.#sending.delete(publication));
    if (link !== this.#link) return;
    if (this.#publications.get(publication.source) !== publication) {
      await this.#withdraw(producer);
      return;
    }
    publication.producer = producer;
    if (publication.muted) await this.#tellMuted(publication);
    this.#onChange();
  }

  async #withdraw(producer: types.Producer | undefined): Promise<void> {
    if (!producer || producer.closed) return;
    producer.close();
    await this.#link?.request('closeProducer', { producerId: producer.id });
  }

  async #tellMuted({ producer, muted }: LocalPublication): Promise<void> {
    if (!producer || producer.closed) return;
    if (muted) producer.pause();
    else producer.resume();
    await this.#link?.request(muted ? 'pauseProducer' : 'resumeProducer', { producerId: producer.id });
  }
}
