import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';

/** Sound below this counts as silence, in dBov (-127 to 0; RFC 6464). */
const THRESHOLD_DBOV = -60;
/** Time between two looks at who speaks, in ms. */
const INTERVAL_MS = 300;

/** One who speaks: the producer of the sound and its loudness, a ratio from 0 (-127 dBov) to 1 (0 dBov). */
export interface Speaker {
  producerId: string;
  level: number;
}

/**
 * Listens, by the levels that browsers send beside their sound, to who speaks.
 *
 * @see https://mediasoup.org/documentation/v3/mediasoup/api/#AudioLevelObserver
 */
export class ActiveSpeakers extends EventEmitter<{ change: [Speaker[]] }> {
  readonly #observer: types.AudioLevelObserver;

  private constructor(observer: types.AudioLevelObserver) {
    super();
    this.#observer = observer;
    observer.on('volumes', (volumes) => {
      this.emit(
        'change',
        volumes.map(({ producer, volume }) => ({ producerId: producer.id, level: (volume + 127) / 127 })),
      );
    });
    observer.on('silence', () => this.emit('change', []));
  }

  static async create(router: types.Router): Promise<ActiveSpeakers> {
    const options = { maxEntries: 8, threshold: THRESHOLD_DBOV, interval: INTERVAL_MS };
    return new ActiveSpeakers(await router.createAudioLevelObserver(options));
  }

  /** Listens to a producer of sound, until it closes. */
  async add(producer: types.Producer): Promise<void> {
    await this.#observer.addProducer({ producerId: producer.id });
  }
}
