import type { types } from 'mediasoup-client';
import type { MediaKind, Participant, Producer, TrackSource } from '../../server/protocol/model.ts';

/** A track that somebody else publishes, and what of it arrives here. */
export class RemotePublication {
  /** The id of the producer. */
  readonly id: string;
  readonly kind: MediaKind;
  readonly source: TrackSource;
  readonly participantId: string;
  /** Its owner has muted it. */
  muted: boolean;
  /** What receives it; undefined while one is not subscribed. */
  consumer: types.Consumer | undefined;
  /** The stream that holds a slot for it; a sound has none. */
  streamId: string | undefined;
  /** It should arrive, and nothing of it has for a while. */
  stalled = false;

  constructor(participantId: string, { id, kind, source, paused }: Producer) {
    this.id = id;
    this.kind = kind;
    this.source = source;
    this.participantId = participantId;
    this.muted = paused;
  }

  /** What arrives, to be shown or played; undefined also while the connection is lost. */
  get track(): MediaStreamTrack | undefined {
    return this.consumer?.closed ? undefined : this.consumer?.track;
  }
}

/** Somebody else in the room. */
export class RemoteParticipant {
  readonly id: string;
  readonly displayName: string;
  readonly publications = new Map<string, RemotePublication>();
  /** Loudness now, a ratio from 0 (silent) to 1. */
  audioLevel = 0;

  constructor({ id, displayName }: Pick<Participant, 'id' | 'displayName'>) {
    this.id = id;
    this.displayName = displayName;
  }

  /** The publication of one source, if there is one. */
  publication(source: TrackSource): RemotePublication | undefined {
    return [...this.publications.values()].find((publication) => publication.source === source);
  }
}
