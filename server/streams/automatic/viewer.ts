import type { types } from 'mediasoup';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import type { TrackSource } from '../../protocol/model.ts';
import { offerOf } from '../../rooms/offer.ts';
import type { Participant } from '../../rooms/participant.ts';
import { subscribeRefusal } from '../../rooms/permissions.ts';
import type { Publication } from '../../rooms/publication.ts';
import type { Room } from '../../rooms/room.ts';
import type { Stream, Watching } from '../stream.ts';
import type { Streams, Watched } from '../streams.ts';
import { PutOffs } from './put-offs.ts';
import { nextMove, weakest, type Candidate } from './ranking.ts';

/** Between two videos in place of others there is so much time, however often cameras go on and off, in ms. */
const PACE_MS = 1_000;

/** A video that the participant could watch. */
interface Choice extends Candidate {
  publisher: Participant;
  publication: Publication;
  stream: Stream | undefined;
}

export interface ViewerOptions {
  room: Room;
  participant: Participant;
  streams: Streams;
  clock: Clock;
  log: Logger;
}

/**
 * Chooses the videos of one participant, one change after another. What the participant chose itself is pinned and stays;
 * what it closed is left alone.
 */
export class Viewer {
  readonly participant: Participant;
  readonly #options: ViewerOptions;
  /** Pinned, by whose and what they are: a camera that is switched off and on again stays pinned. */
  readonly #pinned = new Set<string>();
  /** What the participant does not want to see. */
  readonly #dismissed = new Set<string>();
  readonly #putOffs: PutOffs;
  /** Videos of the server's choice that the client has not begun to play. */
  readonly #offered = new WeakSet<types.Consumer>();
  #paceTimer: Timer | undefined;
  /** What the server itself is giving up for another video. */
  #givingUp: Publication | undefined;
  /** When the server last put a video in place of another, in ms. */
  #swappedAt = -Infinity;
  /** The last time that a video could not be watched because the database or a worker did not answer, in ms. */
  #outage: { at: number; error: AppError } | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #queued = false;
  #attached = true;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.participant = options.participant;
    this.#putOffs = new PutOffs(options.clock, () => this.reconsider());
    this.participant.once('close', () => {
      this.#putOffs.close();
      this.#paceTimer?.cancel();
    });
  }

  /** The connection broke: nothing is changed until the client is back. */
  detach(): void {
    this.#attached = false;
  }

  attach(): void {
    this.#attached = true;
    this.reconsider();
  }

  /** Something on which the choice depends may have changed. */
  reconsider(): void {
    if (this.#queued) return;
    this.#queued = true;
    void this.#exclusively(async () => {
      this.#queued = false;
      try {
        while (await this.#improve());
      } catch (error) {
        this.#options.log.error({ err: error }, 'what somebody watches could not be chosen');
      }
    });
  }

  /** Pins a video, or leaves it to the server again. */
  setPinned(publisherId: string, source: TrackSource, pinned: boolean): void {
    const key = keyOf(publisherId, source);
    if (pinned) {
      this.#pinned.add(key);
      this.#dismissed.delete(key);
    } else {
      this.#pinned.delete(key);
    }
    this.reconsider();
  }

  /**
   * The participant chooses a video itself. Where every slot is held, the server's own choice makes way.
   *
   * @param replace The id of one of the user's streams that is given up for it.
   * @throws {AppError} what `Streams.watch` throws.
   */
  watch(publisher: Participant, publication: Publication, replace: string | undefined): Promise<Watched> {
    const askedAt = performance.now();
    return this.#exclusively(async () => {
      // What waited behind one that failed so does not wait as long again.
      if (this.#outage && this.#outage.at > askedAt) throw this.#outage.error;
      const watched = await this.#watchInstead(publisher, publication, replace).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'unavailable')
          this.#outage = { at: performance.now(), error };
        throw error;
      });
      this.setPinned(publisher.id, publication.source, true);
      watched.consumer.observer.once('resume', () => this.#putOffs.delete(publication));
      return watched;
    });
  }

  /** The client has closed a video: it does not want it, or could not play it. */
  onClosed(consumer: types.Consumer): void {
    const choice = this.#choices().find(({ publication }) => publication.producer.id === consumer.producerId);
    if (!choice) return;
    if (this.#offered.has(consumer)) {
      this.#putOffs.addUnplayed(choice.publication);
      return;
    }
    const key = keyOf(choice.publisher.id, choice.publication.source);
    this.#pinned.delete(key);
    this.#dismissed.add(key);
    // Another screen is another matter; a camera is the same person's still.
    if (choice.screen) choice.publication.producer.observer.once('close', () => this.#dismissed.delete(key));
  }

  /** A stream of this participant gave its slot to another one. Where the user wanted that, its pin ends with it. */
  onReplaced({ publisher, publication }: Watching): void {
    if (publication !== this.#givingUp) this.setPinned(publisher.id, publication.source, false);
  }

  async #watchInstead(
    publisher: Participant,
    publication: Publication,
    replace: string | undefined,
  ): Promise<Watched> {
    const { streams, room } = this.#options;
    const watching = { viewer: this.participant, publisher, publication, room };
    try {
      return await streams.watch(watching, { replace, onLimit: 'reject' });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'stream_limit') throw error;
      const chosen = weakest(this.#choices())?.stream;
      // Only where the server has chosen none, what the user's token says of a full house is done.
      this.#givingUp = chosen?.watching.publication;
      return await streams.watch(watching, chosen ? { replace: chosen.id, onLimit: 'reject' } : {});
    } finally {
      this.#givingUp = undefined;
    }
  }

  /** Makes one change for the better. @returns whether there may be another one. */
  async #improve(): Promise<boolean> {
    const { participant } = this;
    const { room, streams } = this.#options;
    if (!this.#attached || participant.closed || !participant.canReceive) return false;
    if (subscribeRefusal(participant.grants)) return false;
    const now = performance.now();
    const move = nextMove(this.#choices(), streams.freeSlots(participant), now);
    if (!move) return false;
    const { publisher, publication } = move.watch;
    if (move.inPlaceOf && !move.watch.pinned) {
      const wait = this.#swappedAt + PACE_MS - now;
      if (wait > 0) {
        this.#paceTimer?.cancel();
        this.#paceTimer = this.#options.clock.after(wait, () => this.reconsider());
        return false;
      }
      this.#swappedAt = now;
    }
    this.#givingUp = move.inPlaceOf?.publication;
    try {
      const { consumer, streamId } = await streams.watch(
        { viewer: participant, publisher, publication, room },
        { replace: move.inPlaceOf?.stream?.id, onLimit: 'reject' },
      );
      this.#offer(publication, consumer, streamId);
      return true;
    } catch (error) {
      return this.#failedFor(error, publication);
    } finally {
      this.#givingUp = undefined;
    }
  }

  #offer(publication: Publication, consumer: types.Consumer, streamId: string): void {
    this.#offered.add(consumer);
    consumer.observer.once('resume', () => {
      this.#offered.delete(consumer);
      this.#putOffs.delete(publication);
    });
    this.participant.notify({ event: 'consumerAdded', data: { ...offerOf(consumer), streamId } });
  }

  /** @returns whether something else may be tried at once. */
  #failedFor(error: unknown, publication: Publication): boolean {
    if (!(error instanceof AppError)) throw error;
    // What holds the slots is told again when it changes.
    if (error.code === 'stream_limit') return false;
    this.#putOffs.add(publication, error.code === 'cannot_consume' ? Infinity : undefined);
    return error.code === 'cannot_consume' || error.code === 'not_found';
  }

  /** What is published for the participant and not ruled out, in the order of joining. */
  #choices(): Choice[] {
    const { room, streams } = this.#options;
    const now = performance.now();
    const watched = new Map(
      streams.watchedBy(this.participant).map((stream) => [stream.watching.publication, stream]),
    );
    return [...room.participants.values()]
      .filter((publisher) => publisher !== this.participant)
      .flatMap((publisher) =>
        [...publisher.publications.values()]
          .filter(({ producer }) => producer.kind === 'video')
          .map((publication) => this.#choice(publisher, publication, watched.get(publication), now)),
      )
      .filter(({ publication, publisher, watched: isWatched }) => {
        if (isWatched) return true;
        if (this.#putOffs.has(publication)) return false;
        return !this.#dismissed.has(keyOf(publisher.id, publication.source));
      });
  }

  #choice(publisher: Participant, publication: Publication, stream: Stream | undefined, now: number): Choice {
    const { speech } = this.#options.room;
    return {
      publisher,
      publication,
      stream,
      watched: stream !== undefined,
      pinned: this.#pinned.has(keyOf(publisher.id, publication.source)),
      screen: publication.source === 'screen_share',
      started: publication.started,
      muted: publication.producer.paused,
      spokeAt: speech.spokeAt(publisher.id),
      heardAt: speech.heardAt(publisher.id),
      leadsFor: speech.leadsFor(publisher.id, now),
    };
  }

  /** Runs one piece of work after another. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }
}

function keyOf(publisherId: string, source: TrackSource): string {
  return `${publisherId}/${source}`;
}
