import type { Logger } from 'pino';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { isSound } from '../rooms/track-parameters.ts';
import type { SlotLedger } from './slot-ledger.ts';
import type { Streams } from './streams.ts';

/** Something on which the ledger, this server and its workers do not agree. */
export type Drift =
  | {
      what: 'slot_without_stream' | 'stream_without_slot' | 'stream_without_consumer';
      streamId: string;
      userId: string;
    }
  | { what: 'consumer_without_stream'; consumerId: string };

export interface AuditReport {
  /** Slots that this server's streams hold, by the ledger. */
  slots: number;
  /** Videos that the workers forward, by their own account. */
  forwarded: number;
  /** Slots that players outside the SFU hold. */
  declared: number;
  drift: Drift[];
  selfCheck: { runs: number; mended: number };
}

export interface SlotAuditOptions {
  streams: Streams;
  ledger: SlotLedger;
  workers: WorkerPool;
  rooms: RoomRegistry;
  log: Logger;
}

/** Sets the ledger's slots against what the workers' dumps say that they forward, and mends what does not fit. */
export class SlotAudit {
  readonly #options: SlotAuditOptions;
  #runs = 0;

  constructor(options: SlotAuditOptions) {
    this.#options = options;
  }

  /**
   * Compares once nothing is being started or given back. What begins and ends meanwhile would look like drift: only what
   * two comparisons find is told.
   *
   * @throws whatever the ledger or a worker throws.
   */
  async compare(): Promise<AuditReport> {
    let report = await this.#read();
    if (report.drift.length > 0) {
      const before = new Set(report.drift.map(nameOf));
      report = await this.#read();
      report.drift = report.drift.filter((one) => before.has(nameOf(one)));
    }
    return { ...report, selfCheck: { runs: this.#runs, mended: this.#options.streams.mended } };
  }

  /** Compares, and ends whatever does not fit, on both sides. @throws whatever the ledger or a worker throws. */
  async selfCheck(): Promise<void> {
    const { drift } = await this.compare();
    for (const one of drift) {
      if (one.what === 'consumer_without_stream') await this.#dropConsumer(one.consumerId);
      else await this.#options.streams.mend({ id: one.streamId, userId: one.userId }, one.what);
    }
    this.#runs += 1;
  }

  async #read(): Promise<Omit<AuditReport, 'selfCheck'>> {
    const { streams, ledger, workers, rooms } = this.#options;
    await streams.settled();
    const running = streams.own.all().filter(({ granted, end, consumer }) => granted && !end && consumer);
    const sounds = new Set(soundProducers(rooms));
    const [{ ownStreams, declared }, forwarded] = await Promise.all([ledger.count(), workers.forwarded()]);
    const still = running.filter(({ end }) => !end);
    for (const producerId of soundProducers(rooms)) sounds.add(producerId);
    // Whatever is not known to be sound counts as a video.
    const consumers = [...forwarded].flatMap(([id, producerId]) => (sounds.has(producerId) ? [] : [id]));
    const known = new Set([...running, ...streams.own.all()].map(({ consumer }) => consumer?.id));
    const subject = ({ id, record }: (typeof still)[number]) => ({ streamId: id, userId: record.userId });
    return {
      slots: ownStreams.size,
      forwarded: consumers.length,
      declared,
      drift: [
        ...still
          .filter(({ id }) => !ownStreams.has(id))
          .map((stream) => ({ what: 'stream_without_slot' as const, ...subject(stream) })),
        ...still
          .filter(({ consumer }) => !forwarded.has(consumer?.id ?? ''))
          .map((stream) => ({ what: 'stream_without_consumer' as const, ...subject(stream) })),
        ...[...ownStreams]
          .filter(([id]) => !streams.own.has(id) && !running.some((stream) => stream.id === id))
          .map(([streamId, userId]) => ({ what: 'slot_without_stream' as const, streamId, userId })),
        ...consumers
          .filter((id) => !known.has(id))
          .map((consumerId) => ({ what: 'consumer_without_stream' as const, consumerId })),
      ],
    };
  }

  async #dropConsumer(consumerId: string): Promise<void> {
    const { streams, rooms, log } = this.#options;
    log.warn({ consumerId }, 'a worker forwards a video that holds no slot: it is ended');
    for (const { participants } of rooms.rooms) {
      for (const participant of participants.values()) await participant.endForwarding(consumerId);
    }
    streams.countMended();
  }
}

/** The ids of the producers that are in any room now and carry nothing but sound, by their codecs. */
function soundProducers({ rooms }: RoomRegistry): string[] {
  return [...rooms].flatMap(({ participants }) =>
    [...participants.values()].flatMap(({ publications }) =>
      [...publications.values()]
        .filter(({ producer }) => isSound(producer.rtpParameters))
        .map(({ producer }) => producer.id),
    ),
  );
}

const nameOf = (drift: Drift): string => JSON.stringify(drift);
