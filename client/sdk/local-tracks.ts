import type { types } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import { SignallingError } from './errors.ts';
import type { Link } from './link.ts';
import type { ScreenTracks } from './screen.ts';

/** A track of one's own that the room receives. */
export interface LocalPublication {
  readonly source: TrackSource;
  readonly track: MediaStreamTrack;
  muted: boolean;
  /** What sends it; undefined while the room is out of reach. */
  producer: types.Producer | undefined;
}

/** What is told of one's own tracks. */
export interface LocalTracksEvents {
  /** Something that can be seen has changed. */
  changed: () => void;
  /** What nobody waits for has failed. */
  problem: (error: unknown) => void;
}

/** What one publishes oneself, one track a source. It outlives connections: each new one is given the same tracks. */
export class LocalTracks {
  readonly #publications = new Map<TrackSource, LocalPublication>();
  readonly #tell: LocalTracksEvents;
  /** What the server is being asked to take. */
  readonly #sending = new Set<LocalPublication>();
  #link: Link | undefined;

  constructor(tell: LocalTracksEvents) {
    this.#tell = tell;
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
    for (const producerId of unknown) await this.#closeOnServer(producerId);
    for (const publication of this.#publications.values()) {
      if (!publication.producer) await this.#send(publication);
    }
  }

  /** The connection is gone; the tracks wait for another one. */
  detach(): void {
    this.#link = undefined;
    for (const publication of this.#publications.values()) publication.producer = undefined;
  }

  /** @throws {SignallingError} where the server refuses it: then the track is stopped. */
  async publish(track: MediaStreamTrack, source: TrackSource): Promise<void> {
    await this.unpublish(source);
    const publication: LocalPublication = { source, track, muted: false, producer: undefined };
    this.#publications.set(source, publication);
    this.#tell.changed();
    try {
      await this.#send(publication);
    } catch (error) {
      // Out of reach, it is sent when the connection is back; refused, it is not published.
      if (!(error instanceof SignallingError && error.code === 'unreachable')) {
        track.stop();
        if (this.#publications.get(source) === publication) this.#publications.delete(source);
        this.#tell.changed();
        throw error;
      }
    }
  }

  async unpublish(source: TrackSource): Promise<void> {
    const publication = this.#publications.get(source);
    if (!publication) return;
    this.#publications.delete(source);
    publication.track.stop();
    this.#tell.changed();
    await this.#withdraw(publication.producer);
  }

  /**
   * Sends a screen and its sound in place of the ones that were sent before. What ends the picture, as the browser's own
   * “Stop sharing” does, takes back both.
   *
   * @throws {SignallingError} where the server refuses it.
   */
  async publishScreen({ video, audio }: ScreenTracks): Promise<void> {
    await this.unpublishScreen();
    if (video.readyState === 'ended') {
      audio?.stop();
      return;
    }
    this.#withdrawWhenEnded(video, 'screen_share');
    if (audio) this.#withdrawWhenEnded(audio, 'screen_share_audio');
    try {
      await this.publish(video, 'screen_share');
    } catch (error) {
      audio?.stop();
      throw error;
    }
    if (!audio) return;
    if (this.#publications.get('screen_share')?.track === video)
      await this.publish(audio, 'screen_share_audio');
    else audio.stop();
  }

  async unpublishScreen(): Promise<void> {
    await Promise.all([this.unpublish('screen_share'), this.unpublish('screen_share_audio')]);
  }

  /** The track's own `stop()` does not come here. */
  #withdrawWhenEnded(track: MediaStreamTrack, source: 'screen_share' | 'screen_share_audio'): void {
    track.addEventListener('ended', () => {
      if (this.#publications.get(source)?.track !== track) return;
      const withdrawn = source === 'screen_share' ? this.unpublishScreen() : this.unpublish(source);
      withdrawn.catch(this.#tell.problem);
    });
  }

  /** The server takes a track no longer: it is stopped. @returns what it was. */
  drop(producerId: string): TrackSource | undefined {
    const publication = this.#find(producerId);
    if (!publication) return undefined;
    const { source, track, producer } = publication;
    producer?.close();
    track.stop();
    this.#publications.delete(source);
    // The sound of a screen that nobody sees is of no use.
    if (source === 'screen_share') this.unpublish('screen_share_audio').catch(this.#tell.problem);
    this.#tell.changed();
    return source;
  }

  /** The server has muted a track. @returns what it was, where it was not muted before. */
  onMuted(producerId: string): TrackSource | undefined {
    const publication = this.#find(producerId);
    if (!publication || publication.muted) return undefined;
    publication.muted = true;
    publication.producer?.pause();
    this.#tell.changed();
    return publication.source;
  }

  async setMuted(source: TrackSource, muted: boolean): Promise<void> {
    const publication = this.#publications.get(source);
    if (!publication || publication.muted === muted) return;
    publication.muted = muted;
    this.#tell.changed();
    await this.#tellMuted(publication);
  }

  /** Stops every track, so that the camera's light goes out. */
  stop(): void {
    this.#link = undefined;
    for (const { track } of this.#publications.values()) track.stop();
    this.#publications.clear();
  }

  #find(producerId: string): LocalPublication | undefined {
    return [...this.#publications.values()].find(({ producer }) => producer?.id === producerId);
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
    this.#tell.changed();
  }

  async #withdraw(producer: types.Producer | undefined): Promise<void> {
    if (!producer || producer.closed) return;
    producer.close();
    await this.#closeOnServer(producer.id);
  }

  /** What is closed there already is as good; what cannot be reached is withdrawn when the connection is back. */
  async #closeOnServer(producerId: string): Promise<void> {
    try {
      await this.#link?.request('closeProducer', { producerId });
    } catch (error) {
      if (error instanceof SignallingError && ['not_found', 'unreachable'].includes(error.code)) return;
      throw error;
    }
  }

  async #tellMuted({ producer, muted }: LocalPublication): Promise<void> {
    if (!producer || producer.closed) return;
    if (muted) producer.pause();
    else producer.resume();
    await this.#link?.request(muted ? 'pauseProducer' : 'resumeProducer', { producerId: producer.id });
  }
}
