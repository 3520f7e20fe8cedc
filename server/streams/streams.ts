import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { OnLimit } from '../protocol/grants.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { isUuid } from '../rooms/uuid.ts';
import { Holdings } from './holdings.ts';
import type {
  HeldSlots,
  Released,
  SlotLedger,
  StreamEnd,
  StreamOrigin,
  StreamRecord,
} from './slot-ledger.ts';
import { OwnStreams } from './own-streams.ts';
import { Stream, type Watching } from './stream.ts';
import { noAnswer, unavailable } from './unavailable.ts';
import { UserLimits } from './user-limits.ts';

export interface StreamsOptions {
  ledger: SlotLedger;
  rooms: RoomRegistry;
  /** Videos that a user may watch at once who has no limit of one's own. */
  limit: number;
  /** How long this server's slots are held without being renewed, in ms. */
  lease: number;
  clock: Clock;
  log: Logger;
}

/** What a renewal came to. */
export interface Renewed {
  /** Other servers work with the same ledger, and may take an expired slot. */
  shared: boolean;
  /** Settles when the streams that had lost their slots are no longer forwarded. */
  ended: Promise<void>;
}

/** A video that is forwarded: its consumer, and the stream that holds the slot. */
export interface Watched {
  consumer: types.Consumer;
  streamId: string;
}

interface StreamsEvents {
  /** What holds a user's slots has changed. */
  changed: [userId: string];
  /** A stream that was forwarded here has given its slot to another one. */
  replaced: [Stream];
}

/** How a slot is taken. */
export interface Terms {
  onLimit: OnLimit;
  /** The id of one of the user's streams, which ends first and leaves its slot. */
  replace?: string | undefined;
}

/** How many starts of one user may be without an answer; more are refused until a renewal has told how they ended. */
const MOST_UNSURE = 3;

/**
 * Holds every user to so many videos at once, over all rooms and tabs. A stream takes its slot before its consumer is
 * made and gives it back when the worker forwards it no more; whatever fails in between gives it back too.
 */
export class Streams extends EventEmitter<StreamsEvents> {
  /** How many videos each user may watch. */
  readonly limits: UserLimits;
  readonly #options: StreamsOptions;
  readonly #holdings: Holdings;
  readonly #streams = new OwnStreams();
  /** Streams of which it is not known whether they got the slot of the one that they were to replace. */
  readonly #unsure = new Set<Stream>();
  /** Streams that are over, and whose slots `tidy` gives back. */
  readonly #over: Stream[] = [];
  #renewal: Promise<Renewed> | undefined;
  /** When the last renewal that got through began, in ms of the monotonic clock. */
  #renewedAt: number;
  readonly #refused: Record<StreamOrigin, number> = { sfu: 0, declared: 0, stream_count: 0 };
  #mended = 0;

  constructor(options: StreamsOptions) {
    super();
    this.#options = options;
    this.#renewedAt = options.clock.monotonic();
    const told = (userId: string) => this.emit('changed', userId);
    this.#holdings = new Holdings({ ...options, own: this.#streams, told });
    const { ledger: store, limit, clock, log } = options;
    this.limits = new UserLimits({
      ...{ store, limit, clock, log },
      onChanged: async (userId, ended) => {
        await this.#endAll(this.#runningOf(ended), 'limit_lowered');
        await this.refresh(userId);
      },
    });
  }

  /** Streams that are on their way, run, or end. */
  get own(): Pick<OwnStreams, 'all' | 'has'> {
    return this.#streams;
  }

  /** How many videos were refused because all slots were held, by who was to play them. */
  get refused(): Readonly<Record<StreamOrigin, number>> {
    return this.#refused;
  }

  /** How often ledger and server did not agree, and were made to: 0 where nothing failed. */
  get mended(): number {
    return this.#mended;
  }

  /**
   * Forwards a video to a participant. Asked again for one that is forwarded already, it gives the same consumer.
   *
   * @param terms Other than the participant's own: what ends first and leaves its slot to this one, and what is done
   *   where every slot is held.
   * @throws {AppError} `stream_limit` with `limit`, `current` and `conflicts` where all slots are held; `unavailable`
   *   where the ledger does not answer; and what `Participant.consume` throws.
   */
  async watch(watching: Watching, terms: Partial<Terms> = {}): Promise<Watched> {
    for (let running = this.#running(watching); running; running = this.#running(watching)) {
      await running.decided;
      if (running.consumer && !running.end) return { consumer: running.consumer, streamId: running.id };
    }
    const stream = new Stream(randomUUID(), watching);
    this.#streams.add(stream);
    try {
      const consumer = await this.#start(stream, terms);
      this.#holdings.tellUser(stream.record.userId);
      return { consumer, streamId: stream.id };
    } catch (error) {
      // Who asked is answered first: giving back may take as long again.
      if (!this.#unsure.has(stream)) void this.#giveBack(stream, 'failed');
      throw error;
    } finally {
      stream.decide();
    }
  }

  /** How many more videos a participant could watch, as far as is known now. */
  freeSlots(participant: Participant): number {
    return this.#holdings.freeSlots(participant.userId);
  }

  /** What a participant watches now, and what is on its way to it. */
  watchedBy(participant: Participant): Stream[] {
    return this.#streams
      .of(participant.userId)
      .filter(({ watching, end }) => watching.viewer === participant && !end);
  }

  /** Tells one participant which streams hold the user's slots. */
  tell(participant: Participant): void {
    void this.limits.settled(participant.userId).then(() => this.#holdings.tell(participant));
  }

  /** Something about a user's streams outside the SFU has changed: the ledger is asked, the user is told. */
  refresh(userId: string): Promise<void> {
    return this.#holdings.refresh(userId);
  }

  /**
   * Takes a slot for a stream, of this server or not.
   *
   * @throws {AppError} `stream_limit`; and whatever the ledger throws.
   */
  async take(record: StreamRecord, { onLimit, replace }: Terms, viewer?: Participant): Promise<void> {
    await this.limits.ready(record.userId);
    if (replace !== undefined && (await this.takeOver(replace, record))) return;
    for (;;) {
      if (await this.#acquire(record)) return;
      const held = await this.#options.ledger.held(record.userId);
      if (onLimit === 'replace_oldest') {
        for (const { id } of held.streams) if (await this.takeOver(id, record)) return;
      }
      // One that was given back between the two looks is free.
      if (held.streams.length >= held.limit) throw this.#refusal(record, held, viewer);
    }
  }

  /**
   * Moves the slot of one of the user's streams, of this server or declared, to another stream. Resolves when the former
   * one is no longer forwarded.
   *
   * @returns false where that one holds none.
   * @throws whatever the ledger throws: then it may have moved, the answer alone been lost.
   */
  async takeOver(formerId: string, record: StreamRecord): Promise<boolean> {
    if (!isUuid(formerId)) return false;
    const former = this.#streams.get(formerId);
    if (former && (former.record.userId !== record.userId || former.end)) return false;
    if (!(await this.#options.ledger.replace(formerId, record))) return false;
    const successor = this.#streams.get(record.id);
    if (successor) successor.granted = true;
    if (former) {
      this.emit('replaced', former);
      await this.#end(former, 'replaced', successor);
    } else {
      await this.refresh(record.userId);
    }
    return true;
  }

  /**
   * Renews the leases of what runs. A stream that has lost its slot is closed: the count comes first. Asked again meanwhile, it
   * gives the same renewal.
   *
   * @throws whatever the ledger throws: while it is out of reach, what runs goes on.
   */
  renew(): Promise<Renewed> {
    return (this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined)));
  }

  /**
   * Gives back the slots of streams that renewals have ended and of starts without an answer, and frees those that no stream holds.
   *
   * @throws whatever the ledger throws: then the next one goes on with it.
   */
  async tidy(): Promise<void> {
    const { ledger, log } = this.#options;
    const over = [...this.#over];
    await ledger.releaseAll(over.map(({ record, end = 'failed' }): Released => ({ ...record, reason: end })));
    this.#over.splice(0, over.length);
    for (const stream of over) {
      this.#streams.delete(stream);
      this.#holdings.tellUser(stream.record.userId);
    }
    const swept = await ledger.sweepOrphans(this.#streams.ids);
    if (swept > 0) log.warn({ swept }, 'slots that no stream held were freed');
    this.#mended += swept;
    this.#holdings.forgetAbsent();
    void this.limits.retry();
  }

  /** Ends what runs: its leases run out, and somebody else may take the slots. */
  async giveUpAll(): Promise<void> {
    const running = this.#streams.all().filter(({ granted, end }) => granted && !end);
    if (running.length > 0) {
      this.#options.log.error({ streams: running.length }, 'slots could not be renewed: their videos end');
    }
    await Promise.all(running.map((stream) => this.#end(stream, 'ledger_lost')));
  }

  /** Ledger and server do not agree on a stream: it ends on both sides. */
  async mend({ id, userId }: Pick<StreamRecord, 'id' | 'userId'>, why: string): Promise<void> {
    this.#mended += 1;
    this.#options.log.warn({ streamId: id, userId }, `${why}: it is ended`);
    await this.#endAll(this.#runningOf([id]), 'swept');
    await this.#options.ledger.release({ id, userId }, 'swept');
  }

  /** Something else that did not fit was ended. */
  countMended(): void {
    this.#mended += 1;
  }

  /** Waits until nothing is being started any more, and every slot that is on its way back is given back. */
  async settled(): Promise<void> {
    await Promise.all(this.#streams.all().map(({ decided }) => decided));
    await Promise.all(this.#streams.all().map(({ returned }) => returned));
  }

  async #renew(): Promise<Renewed> {
    const { ledger, clock, log } = this.#options;
    const asked = clock.monotonic();
    const hadSlot = this.#streams.all().filter(({ granted, end }) => granted && !end);
    const unsure = [...this.#unsure];
    const { held, shared } = await ledger.renew(this.#streams.ids);
    this.#renewedAt = asked;
    const lost = hadSlot.filter(({ id, end }) => !held.has(id) && !end);
    for (const { id, record } of lost) {
      log.warn({ streamId: id, userId: record.userId }, 'the stream has lost its slot: it is ended');
    }
    this.#mended += lost.length;
    const ended = this.#endAll(lost, 'swept');
    this.#over.push(...lost);
    for (const stream of unsure) {
      this.#unsure.delete(stream);
      stream.end ??= 'failed';
      this.#over.push(stream);
    }
    return { shared, ended };
  }

  /**
   * A process that stood still for longer than its lease may have lost slots meanwhile: what was in them is ended before anything
   * else is forwarded.
   */
  async #catchUp(): Promise<void> {
    const { clock, lease } = this.#options;
    if (clock.monotonic() - this.#renewedAt < lease) return;
    const { ended } = await this.renew();
    await ended;
  }

  async #start(stream: Stream, terms: Partial<Terms>): Promise<types.Consumer> {
    const { viewer, publication } = stream.watching;
    const { onLimit } = viewer.grants;
    await this.#takeSlot(stream, { onLimit, ...terms });
    refuseIfEnded(stream);
    const consumer = await viewer.consume(publication.producer);
    stream.consumer = consumer;
    consumer.observer.once('close', () => void this.#giveBack(stream, stream.whyClosed()));
    refuseIfEnded(stream);
    return consumer;
  }

  async #takeSlot(stream: Stream, terms: Terms): Promise<void> {
    const { userId } = stream.record;
    const mayReplace = terms.replace !== undefined || terms.onLimit === 'replace_oldest';
    const unsure = this.#streams.of(userId).filter((one) => this.#unsure.has(one));
    if (mayReplace && unsure.length >= MOST_UNSURE) throw noAnswer();
    try {
      await this.#catchUp();
      await this.take(stream.record, terms, stream.watching.viewer);
      stream.granted = true;
    } catch (error) {
      if (error instanceof AppError) throw error;
      // The slot may have moved, the answer alone been lost. Until that is known, neither one's slot is given back.
      if (mayReplace) this.#unsure.add(stream);
      throw unavailable(this.#options.log, error);
    }
  }

  #refusal(record: StreamRecord, held: HeldSlots, viewer?: Participant): AppError {
    this.#refused['origin' in record ? record.origin : 'sfu'] += 1;
    return this.#holdings.refusal(record.userId, held, viewer);
  }

  async #acquire(record: StreamRecord): Promise<boolean> {
    const { ledger } = this.#options;
    if ((await ledger.acquire(record)).granted) return true;
    // What the user gave up before counts as free, though it may be still on its way back, or have just come.
    await this.#returnedOf(record.userId);
    return (await ledger.acquire(record)).granted;
  }

  /** Waits until what a user gave up before now is given back. */
  async #returnedOf(userId: string): Promise<void> {
    const ended = this.#streams.of(userId).filter(({ end }) => end);
    await Promise.all(ended.map(({ returned }) => returned));
  }

  #runningOf(ids: readonly string[]): Stream[] {
    return ids.flatMap((id) => this.#streams.get(id) ?? []).filter(({ end }) => !end);
  }

  async #endAll(streams: readonly Stream[], reason: StreamEnd): Promise<void> {
    // All at once: a renewal meanwhile would take those still to come for streams that have lost their slots.
    for (const stream of streams) stream.end = reason;
    await Promise.all(streams.map((stream) => this.#end(stream, reason)));
  }

  /** Ends a stream from the server's side, tells its viewer, and waits until it is no longer forwarded. */
  async #end(stream: Stream, reason: StreamEnd, successor?: Stream): Promise<void> {
    stream.end ??= reason;
    await stream.decided;
    const { viewer } = stream.watching;
    if (stream.consumer) viewer.stopConsumer(stream.consumer, reason === 'replaced' ? 'replaced' : 'swept');
    this.#streams.delete(stream);
    // The worker works in order: what it is to make for the same participant it makes after that anyway.
    if (successor?.watching.viewer !== viewer) await viewer.flushed();
    this.#holdings.tellUser(stream.record.userId);
  }

  /** Gives a slot back, once the worker forwards the stream no more. Doing it again does nothing. */
  async #giveBack(stream: Stream, reason: StreamEnd): Promise<void> {
    if (stream.end) return;
    stream.end = reason;
    stream.returned = this.#release(stream, reason).finally(() => {
      this.#streams.delete(stream);
      this.#holdings.tellUser(stream.record.userId);
    });
    await stream.returned;
  }

  async #release(stream: Stream, reason: StreamEnd): Promise<void> {
    stream.consumer?.close();
    // Also where it has none: its slot may be that of one that was closed for it.
    if (stream.granted) await stream.watching.viewer.flushed();
    try {
      await this.#options.ledger.release(stream.record, reason);
    } catch (error) {
      // The next renewal that gets through frees every slot that no running stream holds.
      this.#options.log.error({ err: error, streamId: stream.id }, 'a slot could not be given back yet');
    }
  }

  #running({ viewer, publication }: Watching): Stream | undefined {
    return this.#streams
      .of(viewer.userId)
      .find(
        (stream) =>
          stream.watching.viewer === viewer &&
          stream.watching.publication === publication &&
          !stream.end &&
          !this.#unsure.has(stream),
      );
  }
}

/** Somebody replaced the stream, or it was swept, while its consumer was being made. */
function refuseIfEnded({ end, watching, consumer }: Stream): void {
  if (consumer?.closed) throw new AppError('not_found', 'What was to be watched has just ended.');
  if (!end) return;
  if (consumer) watching.viewer.stopConsumer(consumer, end === 'replaced' ? 'replaced' : 'swept');
  throw new AppError('not_found', 'The stream was given up for another one while it was started.');
}
