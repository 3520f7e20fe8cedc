import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { BaseLogger } from 'pino';
import type { Node } from './nodes.ts';
import {
  connectLockSession,
  endSession,
  lockDatabase,
  lockNode,
  NodeInUseError,
  type LockSessionOptions,
} from './server-locks.ts';

export interface NodeLockOptions extends LockSessionOptions {
  readonly nodeId: string;
  /** Whether it may start on a database that other servers use. */
  readonly shared: boolean;
  /** How long a lock is waited for that another session holds, in ms: the one of a server that is about to end. Default 5,000. */
  readonly waitMs?: number;
  readonly log: Pick<BaseLogger, 'info' | 'warn' | 'debug'>;
  /**
   * Called at most once, when another server has become the node while this one had lost its connection: it holds the slots'
   * NODE_ID now, so this one must stop.
   */
  readonly onReplaced: () => void;
}

/** Time until a lock that could not be taken again is tried for once more, in ms; it doubles up to the longest. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/**
 * A server's hold on its NODE_ID: a session-level advisory lock, on a connection of its own. PostgreSQL gives it up when the process ends,
 * so that one that was killed can be started again at once. A connection that breaks is made again; calls go on meanwhile.
 */
export class NodeLock {
  /** This server, and this run of it. */
  readonly node: Node;
  readonly #options: NodeLockOptions;
  readonly #closing = new AbortController();
  #client: Client | undefined;
  #regaining: Promise<void> | undefined;
  #onRegained: () => Promise<void> = () => Promise.resolve();

  private constructor(options: NodeLockOptions) {
    this.#options = options;
    this.node = { nodeId: options.nodeId, incarnation: randomUUID() };
  }

  /**
   * Takes the lock, before anything is written to the database; one that is held is waited for, for `waitMs` at most.
   *
   * @throws {DatabaseInUseError} where a server with the same NODE_ID is alive or, unless `shared`, one with another; `PoolerError`
   *   where sessions are not what they seem; and what `pg` throws where the database does not answer.
   */
  static async take(options: NodeLockOptions): Promise<NodeLock> {
    const lock = new NodeLock(options);
    await lock.#take(!options.shared);
    return lock;
  }

  /** Says what to do each time that the lock has been lost and taken again; where that fails it is tried again. */
  set onRegained(react: () => Promise<void>) {
    this.#onRegained = react;
  }

  /** The database says that this run is not the node's present one: the lock is let go of and taken again, unless another server has it. */
  doubt(): void {
    if (!this.#regaining && this.#client) void endSession(this.#client);
  }

  /** Gives the lock up. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#client) await endSession(this.#client);
    await this.#regaining;
  }

  async #take(alone: boolean): Promise<void> {
    const { nodeId, waitMs = 5_000 } = this.#options;
    const client = await connectLockSession(this.#options, waitMs);
    this.#client = client;
    client.once('end', () => this.#lost(client));
    try {
      this.#closing.signal.throwIfAborted();
      await lockNode(client, nodeId);
      await lockDatabase(client, nodeId, alone);
    } catch (error) {
      this.#client = undefined;
      await endSession(client);
      throw error;
    }
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (this.#closing.signal.aborted || this.#regaining) return;
    const { log, nodeId } = this.#options;
    log.warn(`the lock of NODE_ID=${nodeId} is lost with its connection to the database: it is taken again`);
    this.#regaining = this.#regain().finally(() => (this.#regaining = undefined));
  }

  /** Whether the others that use the database may is not asked again: what runs goes on. */
  async #regain(): Promise<void> {
    const { log, nodeId, onReplaced } = this.#options;
    const { signal } = this.#closing;
    for (let pause = 0; !signal.aborted; pause = Math.min(2 * pause || RETRY_MS, LONGEST_RETRY_MS)) {
      try {
        await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal });
        if (!this.#client) await this.#take(false);
        await this.#onRegained();
        if (!this.#client) continue;
        log.info(`the lock of NODE_ID=${nodeId} is held again`);
        return;
      } catch (error) {
        // Without a newer incarnation it is this server's own former session, which PostgreSQL has not given up yet.
        const present = error instanceof NodeInUseError ? error.incarnation : undefined;
        if (present !== undefined && present !== this.node.incarnation) {
          onReplaced();
          return;
        }
        log.debug({ err: error }, 'the lock of the NODE_ID could not be taken again yet');
      }
    }
  }
}
