import { randomUUID } from 'node:crypto';
import type { types } from 'mediasoup';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { SlotLedger, StreamEnd } from './slot-ledger.ts';
import { Stream, type Watching } from './stream.ts';

export interface StreamsOptions {
  ledger: SlotLedger;
  rooms: RoomRegistry;
  /** Videos that one user may watch at once. */
  limit: number;
  log: Logger;
}

/** A video that is forwarded: its consumer, and the stream that holds the slot. */
export interface Watched {
  consumer: types.Consumer;
  streamId: string;
}

/**
 * Holds every user to so many videos at once, over all rooms and tabs. A stream takes its slot before its consumer is
 * made and gives it back when the worker forwards it no more; whatever fails in between gives it back too.
 */
export class Streams {
  readonly #options: StreamsOptions;
  /** Every stream from before its slot is asked for until its slot is given back. */
  readonly #streams = new Map<string, Stream>();
  /** Streams of which it is not known whether they got the slot of the one that they were to replace. */
  readonly #unsure = new Set<Stream>();

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /**
   * Forwards a video to a participant. Asked again for one that is forwarded already, it gives the same consumer.
   *
   * @param replace The id of one of the user's streams, which ends first and leaves its slot to this one.
   * @throws {AppError} `stream_limit` with `limit`, `current` and `conflicts` where all slots are held; `unavailable`
   *   where the ledger does not answer; and what `Participant.consume` throws.
   */
  async watch(watching: Watching, replace?: string): Promise<Watched> {
    for (let running = this.#running(watching); running; running = this.#running(watching)) {
      await running.decided;
      if (running.consumer && !running.end) return { consumer: running.consumer, streamId: running.id };
    }
    const stream = new Stream(randomUUID(), watching);
    this.#streams.set(stream.id, stream);
    try {
      const consumer = await this.#start(stream, replace);
      this.#tellUser(stream.record.userId);
      return { consumer, streamId: stream.id };
    } catch (error) {
      if (!this.#unsure.has(stream)) await this.#giveBack(stream, 'failed');
      throw error;
    } finally {
      stream.decide();
    }
  }

  /** Tells one participant which streams hold the user's slots. */
  tell(participant: Participant): void {
    const streams = this.#heldBy(participant.userId).map((stream) => stream.describeFor(participant));
    participant.notify({ event: 'streams', data: { limit: this.#options.limit, streams } });
  }

  /**
   * Renews the leases of what runs. A stream that has lost its slot is closed: the count comes first.
   *
   * @throws whatever the ledger throws: while it is out of reach, what runs goes on.
   */
  async renew(): Promise<void> {
    const hadSlot = [...this.#streams.values()].filter(({ granted, end }) => granted && !end);
    const unsure = [...this.#unsure];
    const { held, swept } = await this.#options.ledger.renew([...this.#streams.keys()]);
    if (swept > 0) this.#options.log.warn({ swept }, 'slots that no stream held were freed');
    for (const stream of hadSlot.filter(({ id, end }) => !held.has(id) && !end)) {
      this.#options.log.warn({ streamId: stream.id }, 'a stream had lost its slot and is closed');
      await this.#stop(stream, 'swept');
      await this.#options.ledger.release(stream.record, 'swept');
    }
    for (const stream of unsure) {
      this.#unsure.delete(stream);
      await this.#giveBack(stream, 'failed');
    }
  }

  /** Waits until nothing is being started any more, and every slot that is on its way back is given back. */
  async settled(): Promise<void> {
    await Promise.all([...this.#streams.values()].map(({ decided }) => decided));
    await Promise.all([...this.#streams.values()].map(({ returned }) => returned));
  }

  async #start(stream: Stream, replace: string | undefined): Promise<types.Consumer> {
    const { viewer, publication } = stream.watching;
    await this.#takeSlot(stream, replace);
    refuseIfEnded(stream);
    const consumer = await viewer.consume(publication.producer);
    stream.consumer = consumer;
    consumer.observer.once('close', () => void this.#giveBack(stream, stream.whyClosed()));
    refuseIfEnded(stream);
    return consumer;
  }

  async #takeSlot(stream: Stream, replace: string | undefined): Promise<void> {
    const { ledger, limit, log } = this.#options;
    try {
      if (replace !== undefined && (await this.#takeOver(replace, stream))) return;
      let grant = await ledger.acquire(stream.record, limit);
      if (!grant.granted) {
        // What the user gave up before counts as free, though it may be still on its way back, or have just come.
        await this.#returnedOf(stream.record.userId);
        grant = await ledger.acquire(stream.record, limit);
      }
      if (!grant.granted) throw this.#refusal(stream, grant.holderIds);
      stream.granted = true;
    } catch (error) {
      if (error instanceof AppError) throw error;
      log.error({ err: error }, 'the slots cannot be reached');
      throw new AppError(
        'unavailable',
        'The database that counts streams does not answer now. Try again soon.',
      );
    }
  }

  /** @returns whether `stream` has the slot of the stream `formerId` now, which has ended. */
  async #takeOver(formerId: string, stream: Stream): Promise<boolean> {
    const former = this.#streams.get(formerId);
    if (former?.record.userId !== stream.record.userId || former.end) return false;
    try {
      if (!(await this.#options.ledger.replace(former.id, stream.record))) return false;
    } catch (error) {
      // The slot may have moved, the answer alone been lost. Until that is known, neither one's slot is given back.
      this.#unsure.add(stream);
      throw error;
    }
    stream.granted = true;
    await this.#stop(former, 'replaced');
    return true;
  }

  /** Waits until what a user gave up before now is given back. */
  async #returnedOf(userId: string): Promise<void> {
    const ended = [...this.#streams.values()].filter(({ record, end }) => record.userId === userId && end);
    await Promise.all(ended.map(({ returned }) => returned));
  }

  /** Ends a stream whose slot is somebody else's already, and waits until it is no longer forwarded. */
  async #stop(stream: Stream, reason: 'replaced' | 'swept'): Promise<void> {
    stream.end ??= reason;
    await stream.decided;
    const { viewer } = stream.watching;
    if (stream.consumer) viewer.stopConsumer(stream.consumer, reason);
    this.#streams.delete(stream.id);
    await viewer.flushed();
    this.#tellUser(stream.record.userId);
  }

  /** Gives a slot back, once the worker forwards the stream no more. Doing it again does nothing. */
  async #giveBack(stream: Stream, reason: StreamEnd): Promise<void> {
    if (stream.end) return;
    stream.end = reason;
    stream.returned = this.#release(stream, reason).finally(() => {
      this.#streams.delete(stream.id);
      this.#tellUser(stream.record.userId);
    });
    await stream.returned;
  }

  async #release(stream: Stream, reason: StreamEnd): Promise<void> {
    if (stream.consumer) {
      stream.consumer.close();
      await stream.watching.viewer.flushed();
    }
    try {
      await this.#options.ledger.release(stream.record, reason);
    } catch (error) {
      // The next renewal that gets through frees every slot that no running stream holds.
      this.#options.log.error({ err: error, streamId: stream.id }, 'a slot could not be given back yet');
    }
  }

  #refusal({ watching: { viewer } }: Stream, holderIds: string[]): AppError {
    const { limit } = this.#options;
    const conflicts = holderIds.flatMap((id) => this.#streams.get(id)?.describeFor(viewer) ?? []);
    return new AppError(
      'stream_limit',
      `You are watching ${holderIds.length} videos, and ${limit} is the limit. Give one up for this one.`,
      { limit, current: holderIds.length, conflicts },
    );
  }

  #running({ viewer, publication }: Watching): Stream | undefined {
    return [...this.#streams.values()].find(
      (stream) =>
        stream.watching.viewer === viewer &&
        stream.watching.publication === publication &&
        !stream.end &&
        !this.#unsure.has(stream),
    );
  }

  #heldBy(userId: string): Stream[] {
    return [...this.#streams.values()].filter(
      ({ record, granted, end }) => record.userId === userId && granted && !end,
    );
  }

  #tellUser(userId: string): void {
    for (const participant of this.#options.rooms.presencesOf(userId)) this.tell(participant);
  }
}

/** Somebody replaced the stream, or it was swept, while its consumer was being made. */
function refuseIfEnded({ end, watching, consumer }: Stream): void {
  if (consumer?.closed) throw new AppError('not_found', 'What was to be watched has just ended.');
  if (!end) return;
  if (consumer) watching.viewer.stopConsumer(consumer, end === 'swept' ? 'swept' : 'replaced');
  throw new AppError('not_found', 'The stream was given up for another one while it was started.');
}
