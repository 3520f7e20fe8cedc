import type { types } from 'mediasoup';
import type { Direction } from '../protocol/model.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Room } from '../rooms/room.ts';
import { Meter } from './meter.ts';
import type { Reading } from './reading.ts';
import type { Reporter, Sample, SampledTrack } from './sample.ts';
import { readTransport, type ConsumerTrack, type ProducerTrack } from './sfu-reading.ts';
import { UpstreamGaps } from './upstream-gaps.ts';

export interface MeteredOptions {
  room: Room;
  participant: Participant;
  transport: types.WebRtcTransport;
  direction: Direction;
  /** The wall clock, in ms since the epoch. */
  now: () => number;
}

/** A transport from its beginning on: what the worker, and what the participant's browser, say of it become samples. */
export class MeteredTransport {
  readonly room: Room;
  readonly #options: MeteredOptions;
  readonly #openedAt = performance.now();
  readonly #consumers = new Map<string, ConsumerTrack>();
  #bySfu: Meter | undefined;
  #byBrowser: Meter | undefined;

  constructor(options: MeteredOptions) {
    this.#options = options;
    this.room = options.room;
  }

  get direction(): Direction {
    return this.#options.direction;
  }

  /** Time since it was opened, in ms. */
  get age(): number {
    return performance.now() - this.#openedAt;
  }

  /** Asks the worker. Every question has been sent when this returns its promise. */
  async sample(): Promise<Sample[]> {
    const { transport, now } = this.#options;
    if (transport.closed) return [];
    const reading = await readTransport(transport, {
      producers: this.#producerTracks(),
      consumers: this.#consumerTracks(),
    });
    if (!reading) return [];
    this.#bySfu ??= this.#meter('server', reading.at - this.age);
    return this.#bySfu.samplesOf(reading, now());
  }

  /** What the browser says; `at` is the transport's age by the browser's own clock. */
  reported(reading: Reading): Sample[] {
    this.#byBrowser ??= this.#meter('browser', 0);
    return this.#byBrowser.samplesOf(reading, this.#options.now());
  }

  /** A producer or consumer on this transport. */
  track(id: string): SampledTrack | undefined {
    return [...this.#producerTracks(), ...this.#consumerTracks()].find(({ track }) => track.id === id)?.track;
  }

  /** @param openedAt By the clock of the readings, in ms. */
  #meter(reporter: Reporter, openedAt: number): Meter {
    const { room, participant, transport, direction, now } = this.#options;
    const measured = {
      sessionId: room.id,
      participantId: participant.id,
      transportId: transport.id,
      direction,
      reporter,
    };
    return new Meter(measured, openedAt, now() - this.age);
  }

  #producerTracks(): ProducerTrack[] {
    const { participant, direction } = this.#options;
    if (direction === 'recv') return [];
    return [...participant.publications.values()].map(({ producer, source }) => ({
      producer,
      track: { id: producer.id, kind: producer.kind, source, producerId: producer.id },
    }));
  }

  #consumerTracks(): ConsumerTrack[] {
    const { participant, direction } = this.#options;
    if (direction === 'send') return [];
    for (const id of this.#consumers.keys()) {
      if (!participant.consumers.has(id)) this.#consumers.delete(id);
    }
    for (const consumer of participant.consumers.values()) {
      if (this.#consumers.has(consumer.id)) continue;
      const { id, kind, producerId } = consumer;
      const source = this.room.publication(producerId)?.source;
      if (!source) continue;
      this.#consumers.set(id, {
        consumer,
        gaps: new UpstreamGaps(),
        track: { id, kind, source, producerId },
      });
    }
    return [...this.#consumers.values()];
  }
}
