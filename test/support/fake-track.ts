import type { types } from 'mediasoup-client';

/** A device's track, as far as the SDK and mediasoup-client look at it. */
export class FakeTrack extends EventTarget {
  readonly id = `track-${(made += 1)}`;
  readonly kind: types.MediaKind;
  readonly enabled = true;
  readyState: MediaStreamTrackState = 'live';

  constructor(kind: types.MediaKind = 'video') {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** It was unplugged. */
  end(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  /** For what takes a track of a browser. */
  get asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

let made = 0;
