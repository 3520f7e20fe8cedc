import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { isUuid } from '../rooms/uuid.ts';
import type { DeclaredRecord, HeldSlots, HeldStream, SlotLedger } from './slot-ledger.ts';
import type { Streams, Terms } from './streams.ts';
import { noAnswer, unavailable } from './unavailable.ts';

/** A statement that was sent longer ago than this has been done, or never will be, in ms. */
const UNDER_WAY_MS = 10_000;

/** While so many starts have no answer, no more are begun. */
const MOST_ABANDONED = 10_000;

export interface DeclaredStreamsOptions {
  streams: Streams;
  ledger: SlotLedger;
  log: Logger;
}

/** What is declared, and how its slot is taken. */
export type Declaration = Terms & Pick<DeclaredRecord, 'label' | 'lease' | 'origin'>;

/**
 * Streams of players outside the SFU, which hold the same slots. What holds here is the count, not the pixels: a player
 * whose slot was given to another stream learns it at its next renewal.
 */
export class DeclaredStreams {
  readonly #streams: Streams;
  readonly #ledger: SlotLedger;
  readonly #log: Logger;
  /** Starts whose answer was lost, and when, in ms of the monotonic clock. */
  readonly #abandoned = new Map<DeclaredRecord, number>();

  constructor({ streams, ledger, log }: DeclaredStreamsOptions) {
    this.#streams = streams;
    this.#ledger = ledger;
    this.#log = log;
  }

  /**
   * Takes a slot.
   *
   * @returns the stream, and how many slots the user holds now.
   * @throws {AppError} `stream_limit` with `limit`, `current` and `conflicts`; `not_found` where `replace` names nothing
   *   that holds a slot of the user; `unavailable`.
   */
  async start(userId: string, declaration: Declaration): Promise<{ stream: HeldStream; held: number }> {
    const { label, lease, origin, replace } = declaration;
    const record: DeclaredRecord = { id: randomUUID(), userId, origin, label, lease };
    if (this.#abandoned.size >= MOST_ABANDONED) throw noAnswer();
    return this.#reach(async () => {
      try {
        await this.#streams.limits.ready(userId);
        if (replace === undefined) await this.#streams.take(record, declaration);
        else if (!(await this.#streams.takeOver(replace, record))) throw notFound(replace);
        const { streams: held } = await this.#ledger.held(userId);
        const stream = held.find(({ id }) => id === record.id);
        if (!stream) throw gone(record.id);
        await this.#streams.refresh(userId);
        return { stream, held: held.length };
      } catch (error) {
        // It may have a slot all the same, and nobody would know.
        if (!(error instanceof AppError)) this.#abandoned.set(record, performance.now());
        throw error;
      }
    });
  }

  /** Gives back what starts that failed may have taken: again and again, until none of them can still be under way. */
  async releaseAbandoned(): Promise<void> {
    const asked = performance.now();
    const records = [...this.#abandoned.keys()];
    await this.#ledger.releaseAll(records.map((record) => ({ ...record, reason: 'failed' })));
    for (const record of records) {
      if (asked - (this.#abandoned.get(record) ?? asked) > UNDER_WAY_MS) this.#abandoned.delete(record);
    }
  }

  /**
   * Holds a stream's slot for `lease` ms from now.
   *
   * @throws {AppError} `gone` where it has lost its slot, `not_found` where it never had one, `unavailable`.
   */
  async renew(userId: string, streamId: string, lease: number): Promise<HeldStream> {
    return this.#reach(async () => {
      const stream = isUuid(streamId) && (await this.#ledger.renewDeclared(userId, streamId, lease));
      if (!stream) throw await this.#why(userId, streamId);
      return stream;
    });
  }

  /** Gives a stream's slot back. @throws {AppError} `gone`, `not_found`, `unavailable`. */
  async end(userId: string, streamId: string): Promise<void> {
    await this.#reach(async () => {
      const ended = isUuid(streamId) && (await this.#ledger.endDeclared(userId, streamId));
      if (!ended) throw await this.#why(userId, streamId);
      await this.#streams.refresh(userId);
    });
  }

  /**
   * Ends the stream of an origin that the user has held longest.
   *
   * @returns how many slots the user holds now; undefined where there is none of that origin.
   * @throws {AppError} `unavailable`
   */
  async endOldest(userId: string, origin: DeclaredRecord['origin']): Promise<{ held: number } | undefined> {
    return this.#reach(async () => {
      if (!(await this.#ledger.endOldest(userId, origin))) return undefined;
      await this.#streams.refresh(userId);
      return { held: (await this.#ledger.held(userId)).streams.length };
    });
  }

  /** What holds the user's slots now, in the SFU too, and how many there may be. @throws {AppError} `unavailable` */
  async held(userId: string): Promise<HeldSlots> {
    return this.#reach(async () => {
      await this.#streams.limits.settled(userId);
      return this.#ledger.held(userId);
    });
  }

  /** The user has been seen here at some time. @throws {AppError} `unavailable` */
  async knows(userId: string): Promise<boolean> {
    return this.#reach(() => this.#ledger.knows(userId));
  }

  async #why(userId: string, streamId: string): Promise<AppError> {
    const wasOne = isUuid(streamId) && (await this.#ledger.wasDeclared(userId, streamId));
    return wasOne ? gone(streamId) : notFound(streamId);
  }

  async #reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw unavailable(this.#log, error);
    }
  }
}

const gone = (streamId: string) =>
  new AppError(
    'gone',
    `Stream ${streamId} holds no slot any more: it was ended, replaced, or not renewed in time.`,
  );

const notFound = (streamId: string) => new AppError('not_found', `The user has no stream ${streamId}.`);
