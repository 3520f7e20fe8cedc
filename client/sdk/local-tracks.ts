import type { types } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import { isPassing, isUnreachable, MediaError, roomLeft, SignallingError } from './errors.ts';
import type { Link } from './link.ts';
import { ProducerState } from './producer-state.ts';
import type { ScreenTracks } from './screen.ts';

/** Time after which a track that was refused by a passing cause is sent again, in ms. */
const RETRY_MS = 3_000;

/** The connection or the place is gone: what could not be sent is given to the next one. */
const PLACE_IS_LOST = new Set<SignallingError['code']>(['unreachable', 'not_joined', 'not_found']);

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
  /** A track is published no longer: the server, which took it before, refuses it, or its device has ended. */
  stopped: (source: TrackSource, why: SignallingError | MediaError) => void;
}

/** What one publishes oneself, one track a source. It outlives connections: each new one is given the same tracks. */
export class LocalTracks {
  readonly #publications = new Map<TrackSource, LocalPublication>();
  readonly #tell: LocalTracksEvents;
  readonly #server: ProducerState;
  /** What the server is being asked to take, and over which connection. */
  readonly #sending = new Map<LocalPublication, Link>();
  /** What is sent again after a while. */
  readonly #putOff = new Set<LocalPublication>();
  #link: Link | undefined;
  #left = false;

  constructor(tell: LocalTracksEvents) {
    this.#tell = tell;
    this.#server = new ProducerState(() => this.#link, tell.problem);
  }

  get publications(): ReadonlyMap<TrackSource, LocalPublication> {
    return this.#publications;
  }

  /** Sends everything over a new connection. */
  attach(link: Link): void {
    this.#link = link;
    for (const publication of this.#publications.values()) void this.#sendAgain(publication);
  }

  /**
   * The connection is back: what the server does not have is sent again, what it has too much is withdrawn, and it learns
   * who is muted. The server works it off in this order.
   */
  resume(producerIds: string[]): void {
    const unknown = new Set(producerIds);
    for (const publication of this.#publications.values()) {
      if (publication.producer && unknown.delete(publication.producer.id)) {
        this.#server.tellMuted(publication).catch(this.#tell.problem);
      } else {
        publication.producer?.close();
        publication.producer = undefined;
      }
    }
    for (const producerId of unknown) this.#server.close(producerId).catch(this.#tell.problem);
    for (const publication of this.#publications.values()) {
      if (!publication.producer) void this.#sendAgain(publication);
    }
  }

  /** The connection is gone; the tracks wait for another one. */
  detach(): void {
    this.#link = undefined;
    for (const publication of this.#publications.values()) publication.producer = undefined;
  }

  /**
   * Sends a track in place of the one of that source that was sent before, until it is taken back or ends.
   *
   * @throws {MediaError} `ended` where the track has ended already.
   * @throws {SignallingError} where the server refuses it, or one has left (`not_joined`), also meanwhile: then the track
   *   is stopped.
   */
  async publish(track: MediaStreamTrack, source: TrackSource): Promise<void> {
    try {
      await this.unpublish(source);
      this.#refuseWhereLeft();
      if (track.readyState === 'ended') throw hasEnded(source);
      await this.#take({ source, track, muted: false, producer: undefined });
      this.#refuseWhereLeft();
    } catch (error) {
      track.stop();
      throw error;
    }
  }

  async #take(publication: LocalPublication): Promise<void> {
    const link = this.#link;
    const { source, track } = publication;
    // Another one was published at the same time: it withdraws what is still being sent of it.
    this.#publications.get(source)?.track.stop();
    this.#publications.set(source, publication);
    track.addEventListener('ended', () => this.#onEnded(publication), { once: true });
    this.#tell.changed();
    try {
      await this.#send(publication);
    } catch (error) {
      // Out of reach, it is sent when the connection is back; refused, it is not published.
      if (link !== this.#link || isUnreachable(error)) return;
      if (this.#has(publication)) this.#publications.delete(source);
      this.#tell.changed();
      throw error;
    }
  }

  async unpublish(source: TrackSource): Promise<void> {
    const publication = this.#publications.get(source);
    if (!publication) return;
    this.#publications.delete(source);
    publication.track.stop();
    this.#tell.changed();
    await this.#server.withdraw(publication.producer);
  }

  /**
   * Sends a screen and its sound in place of the ones that were sent before. What ends the picture, as the browser's own
   * “Stop sharing” does, takes back both.
   *
   * @throws {SignallingError} where the server refuses it, or one has left (`not_joined`).
   */
  async publishScreen({ video, audio }: ScreenTracks): Promise<void> {
    try {
      await this.unpublishScreen();
      this.#refuseWhereLeft();
      if (video.readyState === 'ended') {
        audio?.stop();
        return;
      }
      await this.publish(video, 'screen_share');
    } catch (error) {
      video.stop();
      audio?.stop();
      throw error;
    }
    if (!audio) return;
    const isShared = this.#publications.get('screen_share')?.track === video;
    if (this.#left || (isShared && audio.readyState === 'live'))
      await this.publish(audio, 'screen_share_audio');
    else audio.stop();
  }

  async unpublishScreen(): Promise<void> {
    await Promise.all([this.unpublish('screen_share'), this.unpublish('screen_share_audio')]);
  }

  /**
   * A device was unplugged or taken away, or one has stopped sharing in the browser. The track's own `stop()` does not come here.
   *
   * @see https://www.w3.org/TR/mediacapture-streams/#track-ended
   */
  #onEnded(publication: LocalPublication): void {
    if (!this.#has(publication)) return;
    const { source } = publication;
    const withdrawn = source === 'screen_share' ? this.unpublishScreen() : this.unpublish(source);
    withdrawn.catch(this.#tell.problem);
    this.#tell.stopped(source, hasEnded(source));
  }

  /** The server takes a track no longer: it is stopped. @returns what it was. */
  drop(producerId: string): TrackSource | undefined {
    const publication = this.#find(producerId);
    if (publication) this.#end(publication);
    return publication?.source;
  }

  #end({ source, track, producer }: LocalPublication): void {
    producer?.close();
    track.stop();
    this.#publications.delete(source);
    // The sound of a screen that nobody sees is of no use.
    if (source === 'screen_share') this.unpublish('screen_share_audio').catch(this.#tell.problem);
    this.#tell.changed();
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
    await this.#server.tellMuted(publication);
  }

  /** One has left: every track is stopped, so that the camera's light goes out, and none is taken any more. */
  stop(): void {
    this.#left = true;
    this.#link = undefined;
    for (const { track } of this.#publications.values()) track.stop();
    this.#publications.clear();
  }

  #find(producerId: string): LocalPublication | undefined {
    return [...this.#publications.values()].find(({ producer }) => producer?.id === producerId);
  }

  #has(publication: LocalPublication): boolean {
    return this.#publications.get(publication.source) === publication;
  }

  #refuseWhereLeft(): void {
    if (this.#left) throw roomLeft();
  }

  /** Sends a track that was taken before: a refusal that passes is waited for, any other one ends it. */
  async #sendAgain(publication: LocalPublication): Promise<void> {
    const link = this.#link;
    try {
      await this.#send(publication);
    } catch (error) {
      // Another connection is given it.
      if (link !== this.#link || !this.#has(publication)) return;
      this.#tell.problem(error);
      if (isPassing(error)) {
        this.#sendLater(publication);
        return;
      }
      const refusal =
        error instanceof SignallingError
          ? error
          : new SignallingError('internal', 'It could not be sent again.');
      if (PLACE_IS_LOST.has(refusal.code)) return;
      this.#end(publication);
      this.#tell.stopped(publication.source, refusal);
    }
  }

  #sendLater(publication: LocalPublication): void {
    if (this.#putOff.has(publication)) return;
    this.#putOff.add(publication);
    setTimeout(() => {
      this.#putOff.delete(publication);
      if (this.#has(publication) && !publication.producer) void this.#sendAgain(publication);
    }, RETRY_MS);
  }

  async #send(publication: LocalPublication): Promise<void> {
    const link = this.#link;
    if (!link?.hasMedia || !link.isReachable || this.#sending.get(publication) === link) return;
    this.#sending.set(publication, link);
    const producer = await link
      .publish(publication.track, publication.source)
      .finally(() => this.#sending.get(publication) === link && this.#sending.delete(publication));
    if (link !== this.#link) return;
    if (!this.#has(publication)) {
      await this.#server.withdraw(producer);
      return;
    }
    publication.producer = producer;
    // It is sent all the same.
    if (publication.muted) await this.#server.tellMuted(publication).catch(this.#tell.problem);
    this.#tell.changed();
  }
}

const names: Record<TrackSource, string> = {
  camera: 'camera',
  microphone: 'microphone',
  screen_share: 'screen share',
  screen_share_audio: 'sound of the screen share',
};

function hasEnded(source: TrackSource): MediaError {
  const again =
    source === 'camera' || source === 'microphone'
      ? 'Connect it again, then switch it on.'
      : 'Share it again.';
  return new MediaError('ended', `The ${names[source]} has stopped. ${again}`);
}
