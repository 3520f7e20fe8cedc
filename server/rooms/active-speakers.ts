import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { answered } from '../media/answered.ts';

/** Sound below this counts as silence, in dBov (-127 to 0; RFC 6464). */
const THRESHOLD_DBOV = -60;
/** Time between two looks at who speaks, in ms. */
const INTERVAL_MS = 250;

/** One who speaks: the producer of the sound and its loudness, a ratio from 0 (-127 dBov) to 1 (0 dBov). */
export interface Speaker {
  producerId: string;
  level: number;
}

interface ActiveSpeakersEvents {
  /** Who is heard now, loudest first; empty in silence. */
  change: [Speaker[]];
  /** The sound of another producer leads the conversation now. */
  lead: [producerId: string];
}

/**
 * Listens, by the levels that browsers send beside their sound, to who speaks: how loud everybody is, and who leads the
 * conversation, whom a cough or a constant noise does not displace.
 *
 * @see https://mediasoup.org/documentation/v3/mediasoup/api/#AudioLevelObserver
 * @see https://mediasoup.org/documentation/v3/mediasoup/api/#ActiveSpeakerObserver
 */
export class ActiveSpeakers extends EventEmitter<ActiveSpeakersEvents> {
  readonly #observers: readonly types.RtpObserver[];

  private constructor(levels: types.AudioLevelObserver, leading: types.ActiveSpeakerObserver) {
    super();
    this.#observers = [levels, leading];
    levels.on('volumes', (volumes) => {
      this.emit(
        'change',
        volumes.map(({ producer, volume }) => ({ producerId: producer.id, level: (volume + 127) / 127 })),
      );
    });
    levels.on('silence', () => this.emit('change', []));
    leading.on('dominantspeaker', ({ producer }) => this.emit('lead', producer.id));
  }

  static async create(router: types.Router): Promise<ActiveSpeakers> {
    const options = { maxEntries: 8, threshold: THRESHOLD_DBOV, interval: INTERVAL_MS };
    return new ActiveSpeakers(
      await answered(router.createAudioLevelObserver(options)),
      await answered(router.createActiveSpeakerObserver({ interval: INTERVAL_MS })),
    );
  }

  /** Listens to a producer of sound, until it closes. */
  async add(producer: types.Producer): Promise<void> {
    const { id: producerId } = producer;
    await Promise.all(this.#observers.map((observer) => answered(observer.addProducer({ producerId }))));
  }
}
