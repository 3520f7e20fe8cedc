import type { Logger } from 'pino';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { Room } from '../../rooms/room.ts';
import { MeteredTransport } from './metered-transport.ts';
import type { Sample } from '../sample.ts';

export interface SamplerOptions {
  rooms: RoomRegistry;
  /** Time between two samples, in ms. */
  interval: number;
  /** Takes samples; never waits, never throws. */
  sink: { add(samples: readonly Sample[]): void };
  /** Is told what was measured of a participant's transports at the same time; not of the last samples. */
  measured?: (participant: Participant, samples: readonly Sample[]) => void;
  log: Logger;
  /** The wall clock, in ms since the epoch. */
  now?: () => number;
}

/** Time that a worker may take for the last samples when the server stops, in ms. */
const LAST_ANSWER_MS = 1_000;

/**
 * Samples every transport of every room, again and again, and a last time before it closes. A room whose worker has not
 * answered yet is passed over: a worker that hangs is asked once, and holds up nothing else.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #now: () => number;
  readonly #transports = new Map<string, MeteredTransport>();
  readonly #busy = new Map<Room, Promise<void>>();
  /** Last samples that are under way. */
  readonly #closing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    options.rooms.on('joined', (room, participant) => this.#watch(room, participant));
  }

  /** At multiples of the interval by the wall clock, so that rollups are made of whole samples. */
  start(): void {
    const { interval } = this.#options;
    const left = interval - (this.#now() % interval);
    // A timer may fire a little too early: that would be the same one once more.
    const wait = left < interval / 2 ? left + interval : left;
    this.#timer = setTimeout(() => {
      this.start();
      void this.sample();
    }, wait);
  }

  /** Stops. Resolves when every last sample is there, or its worker has not answered for too long. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    let waited: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => (waited = setTimeout(resolve, LAST_ANSWER_MS)));
    await Promise.race([Promise.all(this.#closing), tooLong]);
    clearTimeout(waited);
  }

  /** Samples everything now. Resolves when every worker has answered. */
  async sample(): Promise<void> {
    const rooms = new Map<Room, MeteredTransport[]>();
    for (const transport of this.#transports.values()) {
      const others = rooms.get(transport.room);
      if (others) others.push(transport);
      else rooms.set(transport.room, [transport]);
    }
    for (const [room, transports] of rooms) {
      if (this.#busy.has(room)) continue;
      const sampled = this.#sampleRoom(transports).finally(() => this.#busy.delete(room));
      this.#busy.set(room, sampled);
    }
    await Promise.all(this.#busy.values());
  }

  /** The transport of that id, if it is open. */
  transport(id: string): MeteredTransport | undefined {
    return this.#transports.get(id);
  }

  /** One transport after another: many questions at once would hold up those who join. */
  async #sampleRoom(transports: MeteredTransport[]): Promise<void> {
    const byParticipant = new Map<Participant, Sample[]>();
    for (const transport of transports) {
      const samples = await this.#take(transport, false);
      byParticipant.set(transport.participant, [
        ...(byParticipant.get(transport.participant) ?? []),
        ...samples,
      ]);
    }
    for (const [participant, samples] of byParticipant) this.#options.measured?.(participant, samples);
  }

  async #take(transport: MeteredTransport, isLast: boolean): Promise<Sample[]> {
    try {
      const samples = await transport.sample(isLast);
      this.#options.sink.add(samples);
      return samples;
    } catch (error) {
      this.#options.log.error({ err: error }, 'a transport could not be sampled');
      return [];
    }
  }

  async #takeLast(transport: MeteredTransport): Promise<void> {
    await this.#take(transport, true);
  }

  #watch(room: Room, participant: Participant): void {
    const { transports } = participant;
    transports.on('opened', (transport, direction) => {
      const metered = new MeteredTransport({ room, participant, transport, direction, now: this.#now });
      this.#transports.set(transport.id, metered);
      transport.observer.once('close', () => this.#transports.delete(transport.id));
    });
    transports.on('closing', ({ id }) => {
      const metered = this.#transports.get(id);
      if (!metered) return;
      const last = this.#takeLast(metered).finally(() => this.#closing.delete(last));
      this.#closing.add(last);
    });
  }
}
