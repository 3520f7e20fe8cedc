import type { types } from 'mediasoup';
import type { Stream as Description } from '../protocol/model.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Publication } from '../rooms/publication.ts';
import type { Room } from '../rooms/room.ts';
import type { StreamEnd, ForwardedRecord } from './slot-ledger.ts';

/** Who wants to watch whose video, and where. */
export interface Watching {
  viewer: Participant;
  publisher: Participant;
  publication: Publication;
  room: Room;
}

/** One video that a participant watches, from the taking of its slot to the giving back. */
export class Stream {
  readonly watching: Watching;
  readonly record: ForwardedRecord;
  /** In ms since the epoch. */
  readonly startedAt = Date.now();
  /** It holds a slot. */
  granted = false;
  consumer: types.Consumer | undefined;
  /** Why it ends or has ended. */
  end: StreamEnd | undefined;
  /** Settles when its slot is given back, once that has begun. */
  returned = Promise.resolve();
  /** Settles when it is certain whether there is a consumer, and which. */
  readonly decided: Promise<void>;
  #decide: () => void = () => undefined;

  constructor(id: string, watching: Watching) {
    const { viewer, publisher, publication } = watching;
    this.watching = watching;
    this.record = {
      id,
      userId: viewer.userId,
      participantId: viewer.id,
      publisherId: publisher.id,
      source: publication.source,
    };
    this.decided = new Promise((resolve) => (this.#decide = resolve));
  }

  get id(): string {
    return this.record.id;
  }

  /** It is certain now whether there is a consumer. */
  decide(): void {
    this.#decide();
  }

  /** What a participant of the same user is told of it. */
  describeFor(participant: Participant): Description {
    const { room, publisher, publication } = this.watching;
    return {
      streamId: this.id,
      roomName: room.name,
      publisherName: publisher.displayName,
      source: publication.source,
      where: this.#whereFrom(participant),
    };
  }

  #whereFrom(participant: Participant): Description['where'] {
    const { viewer, room } = this.watching;
    if (viewer === participant) return 'this_tab';
    if (viewer.deviceId !== participant.deviceId) return 'other_device';
    return room.participants.has(participant.id) ? 'other_tab' : 'other_room';
  }

  /** Why its consumer, which is closed, was closed. */
  whyClosed(): StreamEnd {
    const { viewer, publication } = this.watching;
    if (viewer.workerDied) return 'worker_died';
    if (viewer.closed) return 'viewer_left';
    return publication.producer.closed ? 'publisher_stopped' : 'stopped';
  }
}
