import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { AppError } from '../errors.ts';
import type { Params } from '../protocol/methods.ts';
import type { MediaKind, Producer as Description, TrackSource } from '../protocol/model.ts';
import { fromClient } from './client-input.ts';
import { checkedParameters } from './track-parameters.ts';

/**
 * Time between two requests for a key frame, in ms. Chrome passes over a request that comes within 300 ms of another one,
 * and the worker would repeat it only after a second; the rest is for the way to differ.
 */
const KEY_FRAME_REQUEST_DELAY_MS = 400;

/** What a source gives. */
export const kindOf: Readonly<Record<TrackSource, MediaKind>> = {
  camera: 'video',
  microphone: 'audio',
  screen_share: 'video',
  screen_share_audio: 'audio',
};

/** A track of which nothing has come after so many ms is taken for one that has started. */
const START_MS = 1_500;

interface PublicationEvents {
  /** It is about to be closed by itself: what its worker is asked now is still answered. */
  closing: [];
}

/** A track that a participant publishes: the producer, and what it shows. */
export class Publication extends EventEmitter<PublicationEvents> {
  readonly producer: types.Producer;
  readonly source: TrackSource;
  /** Resolves once it has started, or is closed. */
  readonly starting: Promise<void>;
  #started = false;

  private constructor(producer: types.Producer, source: TrackSource) {
    super();
    this.producer = producer;
    this.source = source;
    this.starting = new Promise((resolve) => {
      const timer = setTimeout(resolve, START_MS);
      const start = () => {
        clearTimeout(timer);
        resolve();
      };
      producer.once('score', start);
      producer.observer.once('close', start);
    });
    void this.starting.then(() => (this.#started = true));
  }

  /** @throws {AppError} `bad_request` where kind, source and codecs differ or mediasoup refuses the RTP parameters. */
  static async create(transport: types.WebRtcTransport, params: Params<'produce'>): Promise<Publication> {
    const { kind, source, rtpParameters, paused = false } = params;
    if (kindOf[source] !== kind) {
      throw new AppError('bad_request', `A ${source} is ${kindOf[source]}, not ${kind}.`);
    }
    const checked = checkedParameters(kind, rtpParameters);
    const producer = await fromClient('RTP parameters', () =>
      transport.produce({
        kind,
        rtpParameters: checked,
        paused,
        keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS,
        appData: { source },
      }),
    );
    return new Publication(producer, source);
  }

  /** RTP comes: a browser takes its time between publishing a track and the first packet. */
  get started(): boolean {
    return this.#started;
  }

  /** Ends it. Doing it again does nothing. */
  close(): void {
    if (this.producer.closed) return;
    this.emit('closing');
    this.producer.close();
  }

  /** What the others are told of it. */
  describe(): Description {
    const { id, kind, paused } = this.producer;
    return { id, kind, source: this.source, paused };
  }
}
