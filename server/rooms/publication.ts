import type { types } from 'mediasoup';
import { AppError } from '../errors.ts';
import type { Params } from '../protocol/methods.ts';
import type { MediaKind, Producer as Description, TrackSource } from '../protocol/model.ts';
import { fromClient } from './client-input.ts';

/**
 * Time between two requests for a key frame, in ms. Chrome makes none within 300 ms of another one, and passes over a
 * request that comes so soon; the worker would repeat it after a second.
 */
const KEY_FRAME_REQUEST_DELAY_MS = 320;

const kindOf: Record<TrackSource, MediaKind> = {
  camera: 'video',
  microphone: 'audio',
  screen_share: 'video',
  screen_share_audio: 'audio',
};

/** A track that a participant publishes: the producer, and what it shows. */
export class Publication {
  readonly producer: types.Producer;
  readonly source: TrackSource;

  private constructor(producer: types.Producer, source: TrackSource) {
    this.producer = producer;
    this.source = source;
  }

  /** @throws {AppError} `bad_request` where kind and source differ or mediasoup refuses the RTP parameters. */
  static async create(transport: types.WebRtcTransport, params: Params<'produce'>): Promise<Publication> {
    const { kind, source, rtpParameters, paused = false } = params;
    if (kindOf[source] !== kind) {
      throw new AppError('bad_request', `A ${source} is ${kindOf[source]}, not ${kind}.`);
    }
    const producer = await fromClient('RTP parameters', () =>
      transport.produce({
        kind,
        rtpParameters,
        paused,
        keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS,
        appData: { source },
      }),
    );
    return new Publication(producer, source);
  }

  /** What the others are told of it. */
  describe(): Description {
    const { id, kind, paused } = this.producer;
    return { id, kind, source: this.source, paused };
  }
}
