import type { types } from 'mediasoup';
import type { Direction } from '../../protocol/model.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Publication } from '../../rooms/publication.ts';
import type { Room } from '../../rooms/room.ts';
import { ConsumerLoss } from './consumer-loss.ts';
import { Meter } from './meter.ts';
import type { Reading } from './reading.ts';
import type { Reporter, Sample, SampledTrack } from '../sample.ts';
import { readTransport, upstreamIn, type ConsumerTrack, type ProducerTrack } from './sfu-reading.ts';

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
  readonly participant: Participant;
  readonly #options: MeteredOptions;
  readonly #openedAt = performance.now();
  readonly #consumers = new Map<string, ConsumerTrack>();
  /** Its age when it was connected, in ms. */
  #connectedAt: number | undefined;
  #bySfu: Meter | undefined;
  #byBrowser: Meter | undefined;

  constructor(options: MeteredOptions) {
    this.#options = options;
    this.room = options.room;
    this.participant = options.participant;
    const { observer } = options.transport;
    observer.on('newconsumer', (consumer) => this.#expect(consumer));
    observer.on('dtlsstatechange', (state) => {
      if (state === 'connected') this.#connectedAt = this.age;
    });
  }

  get direction(): Direction {
    return this.#options.direction;
  }

  /** Time since it was opened, in ms. */
  get age(): number {
    return performance.now() - this.#openedAt;
  }

  /** Asks the worker. Every question has been sent when this returns its promise. @param isLast It is about to be closed. */
  async sample(isLast: boolean): Promise<Sample[]> {
    const { transport, direction, now } = this.#options;
    if (transport.closed) return [];
    const tracks = { producers: this.#producerTracks(), consumers: this.#consumerTracks() };
    // An answer may be read long after it was given: that is no clock which was set forward.
    const askedAt = now();
    const reading = await readTransport(transport, direction, tracks, isLast);
    if (!reading) return [];
    this.#bySfu ??= this.#meter('server', reading.at - this.age, 0);
    return this.#bySfu.samplesOf(reading, askedAt);
  }

  /** What the browser says; `at` is the transport's age by the browser's own clock. Nothing before it was connected. */
  reported(reading: Reading): Sample[] {
    if (this.#connectedAt === undefined) return [];
    this.#byBrowser ??= this.#meter('browser', this.#connectedAt, this.#connectedAt);
    return this.#byBrowser.samplesOf(reading, this.#options.now());
  }

  /** A producer or consumer on this transport; of a consumer, what its receiver misses though it was never sent to it. */
  track(id: string): { track: SampledTrack; notSent: number } | undefined {
    const { participant, direction } = this.#options;
    if (direction === 'recv') {
      const consumer = this.#consumers.get(id);
      return consumer && { track: consumer.track, notSent: consumer.loss.notSent };
    }
    const publication = participant.publications.get(id);
    return publication && { track: producerTrack(publication).track, notSent: 0 };
  }

  /** @param from From when on it measures: by the clock of its readings, and as the age of the transport, in ms. */
  #meter(reporter: Reporter, from: number, age: number): Meter {
    const { room, participant, transport, direction, now } = this.#options;
    const measured = {
      sessionId: room.id,
      participantId: participant.id,
      transportId: transport.id,
      direction,
      reporter,
    };
    return new Meter(measured, from, now() - this.age + age);
  }

  #producerTracks(): ProducerTrack[] {
    const { participant, direction } = this.#options;
    if (direction === 'recv') return [];
    return [...participant.publications.values()].map(producerTrack);
  }

  #consumerTracks(): ConsumerTrack[] {
    const { consumers } = this.#options.participant;
    return [...this.#consumers.values()].filter(({ consumer }) => consumers.has(consumer.id));
  }

  /** Its losses are counted from the moment at which the client takes it. */
  #expect(consumer: types.Consumer): void {
    const { id, kind, producerId, observer } = consumer;
    const source = this.room.publication(producerId)?.source;
    if (!source) return;
    const loss = new ConsumerLoss();
    this.#consumers.set(id, { consumer, loss, track: { id, kind, source, producerId } });
    observer.once('close', () => this.#consumers.delete(id));
    observer.once('resume', () => {
      consumer.getStats().then(
        (stats) => loss.begin(upstreamIn(stats)),
        // It was closed meanwhile, or its worker is gone.
        () => this.#consumers.delete(id),
      );
    });
  }
}

const producerTrack = ({ producer, source }: Publication): ProducerTrack => ({
  producer,
  track: { id: producer.id, kind: producer.kind, source, producerId: producer.id },
});
