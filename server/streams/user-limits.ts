import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Grants } from '../protocol/grants.ts';
import { unavailable } from './unavailable.ts';
import type { LimitChange, LimitStore, UserLimit } from './user-limit.ts';

/** Users of whom it is remembered which token was the newest. The one seen longest ago makes way. */
const MAX_REMEMBERED = 10_000;

export interface UserLimitsOptions {
  store: LimitStore;
  /** The limit of users who have none of their own. */
  limit: number;
  clock: Clock;
  log: Logger;
  /** Is told that another limit is in force, and which streams ended because of it. */
  onChanged: (userId: string, ended: string[]) => Promise<void>;
}

/** Whose token it is, what it allows, and when it was issued, in ms since the epoch; guests have none. */
export interface SeenToken {
  userId: string;
  grants: Pick<Grants, 'maxVideoStreams' | 'roomJoin' | 'canSubscribe'>;
  token: { issuedAt: number } | undefined;
}

/** Why a token could not be written. */
interface Failure {
  error: unknown;
}

type ByToken = Extract<LimitChange, { by: 'token' }>;

/**
 * Hands what access tokens and REST calls say of users' limits to the store. A token is written once, when it is first seen,
 * beside whatever it was sent for; what takes a slot waits for that.
 */
export class UserLimits {
  readonly #options: UserLimitsOptions;
  /** The newest token that the store has, by user. */
  readonly #written = new Map<string, ByToken>();
  /** Newer ones that it does not have yet. */
  readonly #unwritten = new Map<string, ByToken>();
  /** Writes under way, by user. */
  readonly #writing = new Map<string, Promise<Failure | undefined>>();
  #retrying = false;

  constructor(options: UserLimitsOptions) {
    this.#options = options;
  }

  /** A token is in use. If it is newer than what is known, its limit holds from now on. */
  see({ userId, grants, token }: SeenToken): void {
    if (!token || !saysHowMany(grants)) return;
    const seen: ByToken = { by: 'token', limit: grants.maxVideoStreams, issuedAt: new Date(token.issuedAt) };
    const known = this.#unwritten.get(userId) ?? this.#written.get(userId);
    if (known && !this.#isNewer(seen, known)) return;
    put(this.#unwritten, userId, seen);
    void this.#write(userId);
  }

  /**
   * Waits until the store has what the user's tokens say.
   *
   * @throws {AppError} `unavailable` where it cannot be reached; and whatever else it throws.
   */
  async ready(userId: string): Promise<void> {
    const failure = await this.#settled(userId);
    if (failure) throw failure.error;
  }

  /** The same for what can go on without: where the store fails, the token is written later. */
  async settled(userId: string): Promise<void> {
    await this.#settled(userId);
  }

  /** Tries again to write what could not be written. Without anything to write it does nothing. */
  async retry(): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    try {
      for (const userId of [...this.#unwritten.keys()]) if (await this.#settled(userId)) return;
    } finally {
      this.#retrying = false;
    }
  }

  /** The limit that is in force. @throws {AppError} `unavailable`; and whatever else the store throws. */
  async of(userId: string): Promise<UserLimit> {
    await this.settled(userId);
    return this.#reach(this.#options.store.limitOf(userId));
  }

  /** Sets a user's limit, whatever tokens issued until now say. @throws as `of`. */
  async set(userId: string, limit: number): Promise<void> {
    await this.#change(userId, { by: 'api', limit, at: new Date(this.#options.clock.now()) });
  }

  /** What was set holds no more: the newest token's limit does, or the server's. @throws as `of`. */
  async unset(userId: string): Promise<void> {
    await this.#change(userId, { by: 'nobody' });
  }

  #settled(userId: string): Promise<Failure | undefined> | undefined {
    return this.#unwritten.has(userId) ? this.#write(userId) : this.#writing.get(userId);
  }

  /** One write after another of each user. */
  #write(userId: string): Promise<Failure | undefined> {
    const writing = this.#writing.get(userId) ?? this.#writeAll(userId);
    this.#writing.set(userId, writing);
    return writing;
  }

  async #writeAll(userId: string): Promise<Failure | undefined> {
    try {
      for (let seen = this.#unwritten.get(userId); seen; seen = this.#unwritten.get(userId)) {
        await this.#change(userId, seen);
        put(this.#written, userId, seen);
        if (this.#unwritten.get(userId) === seen) this.#unwritten.delete(userId);
      }
      return undefined;
    } catch (error) {
      this.#options.log.warn({ err: error, userId }, 'the limit of a token could not be recorded yet');
      return { error };
    } finally {
      this.#writing.delete(userId);
    }
  }

  async #change(userId: string, change: LimitChange): Promise<void> {
    const { store, onChanged, log } = this.#options;
    const { changed, ended } = await this.#reach(store.changeLimit(userId, change));
    if (!changed) return;
    log.info({ userId, by: change.by, ended: ended.length }, 'the limit of a user has changed');
    await onChanged(userId, ended);
  }

  #isNewer(one: ByToken, other: ByToken): boolean {
    const later = one.issuedAt.getTime() - other.issuedAt.getTime();
    const { limit } = this.#options;
    return later > 0 || (later === 0 && (one.limit ?? limit) < (other.limit ?? limit));
  }

  async #reach<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw unavailable(this.#options.log, error);
    }
  }
}

/** A token for something else, a back end's own for example, says nothing of what its user watches. */
function saysHowMany({ maxVideoStreams, roomJoin, canSubscribe }: SeenToken['grants']): boolean {
  return maxVideoStreams !== undefined || (roomJoin && canSubscribe);
}

function put(tokens: Map<string, ByToken>, userId: string, seen: ByToken): void {
  tokens.delete(userId);
  tokens.set(userId, seen);
  if (tokens.size <= MAX_REMEMBERED) return;
  const [oldest] = tokens.keys();
  if (oldest !== undefined) tokens.delete(oldest);
}
