import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import type { Figures, Sample } from '../../server/stats/sample.ts';
import { settings } from './ledger.ts';
import { sampleOf, trackOf } from './samples.ts';

const HOUR_MS = 3_600_000;

/** A whole hour of which samples are kept, and which is over: everything in calls of tests is told from here, in seconds. */
export const T0 = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 20 * HOUR_MS;

/** Seconds after T0, in ms since the epoch. */
export const at = (seconds: number): number => T0 + seconds * 1000;

export interface Person {
  id: string;
  userId: string;
  send: string;
  recv: string;
}

/** A call as journal and samples have it, without anybody having made it. */
export class RecordedCall {
  readonly sessionId = randomUUID();
  readonly room: string;
  readonly #pool: Pool;
  readonly #journal: ReturnType<typeof createCallJournal>;
  readonly #samples: Sample[] = [];

  private constructor(pool: Pool, room: string, node: { nodeId: string; incarnation: string }) {
    this.#pool = pool;
    this.room = room;
    this.#journal = createCallJournal(pool, node);
  }

  /** @param until Undefined: it goes on. */
  static async begin(pool: Pool, room: string, from: number, until?: number): Promise<RecordedCall> {
    const node = { nodeId: randomUUID(), incarnation: randomUUID() };
    await registerNode(pool, node);
    const call = new RecordedCall(pool, room, node);
    const { sessionId: id } = call;
    await call.#journal.sessionStarted({ id, roomName: room, startedAt: new Date(at(from)), settings });
    if (until !== undefined) await call.#journal.sessionEnded({ id, endedAt: new Date(at(until)) });
    return call;
  }

  async join(userId: string, from: number, until?: number, { hidden = false } = {}): Promise<Person> {
    const [id, send, recv] = [randomUUID(), randomUUID(), randomUUID()];
    const { sessionId } = this;
    const displayName = userId.charAt(0).toUpperCase() + userId.slice(1);
    await this.#journal.participantJoined({
      id,
      sessionId,
      userId,
      displayName,
      hidden,
      joinedAt: new Date(at(from)),
    });
    if (until !== undefined) {
      await this.#journal.participantLeft({ id, leftAt: new Date(at(until)), reason: 'left' });
    }
    return { id, userId, send, recv };
  }

  /** Samples of a length in seconds that follow each other, from and until seconds after T0. To be written. */
  measure(
    { id: participantId, send, recv }: Pick<Person, 'id' | 'send' | 'recv'>,
    direction: 'send' | 'recv',
    { from, until, every = 5, ...own }: { from: number; until: number; every?: number } & Partial<Sample>,
    figures: Figures | ((n: number) => Figures),
  ): void {
    for (let n = 0; from + n * every < until; n++) {
      this.#samples.push(
        sampleOf({
          sessionId: this.sessionId,
          participantId,
          transportId: direction === 'send' ? send : recv,
          direction,
          endedAt: at(from + (n + 1) * every),
          intervalMs: every * 1000,
          figures: typeof figures === 'function' ? figures(n) : figures,
          ...own,
        }),
      );
    }
  }

  /** A camera, as the server samples it. */
  publish(person: Person, { from, until }: { from: number; until: number }): void {
    this.measure(person, 'send', { from, until, track: trackOf() }, { upBytes: 1_000 });
  }

  async write(): Promise<void> {
    const sink = createStatsSink(this.#pool);
    const samples = this.#samples.splice(0);
    for (let n = 0; n < samples.length; n += 500) await sink.write(samples.slice(n, n + 500));
  }
}
