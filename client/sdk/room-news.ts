import type { enhancedEvents } from 'mediasoup-client';
import type { Permissions } from '../../server/protocol/model.ts';
import type { Event, Notification, NotificationData } from '../../server/protocol/notifications.ts';
import { SignallingError } from './errors.ts';
import type { LocalTracks } from './local-tracks.ts';
import type { QualityHistory } from './quality-history.ts';
import type { Receiving } from './receiving.ts';
import type { RoomEvents } from './room-events.ts';
import type { Roster, RosterChange } from './roster.ts';

/** What the server says of oneself and of the room as a whole. */
export interface Standing {
  participantId: string;
  permissions: Permissions;
  /** Loudness of one's own microphone, a ratio from 0 to 1. */
  audioLevel: number;
  locked: boolean;
}

/** Before the server has said anything. */
export const unknownStanding = (): Standing => ({
  participantId: '',
  permissions: { publish: [], subscribe: false, admin: false },
  audioLevel: 0,
  locked: false,
});

/** What the news is of, and who is told. */
export interface RoomParts {
  standing: Standing;
  roster: Roster;
  local: LocalTracks;
  receiving: Receiving;
  quality: QualityHistory;
  emit: enhancedEvents.EnhancedEventEmitter<RoomEvents>['safeEmit'];
  /** One is out of the room. */
  leaveFor: (problem: SignallingError) => void;
}

/** What happens in a room, as the server tells it: it is noted where it belongs, and told on. */
export class RoomNews {
  readonly #parts: RoomParts;

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  /** Something has happened. */
  take(notification: Notification): void {
    const handle = this.#handlers[notification.event] as ((data: unknown) => void) | undefined;
    handle?.(notification.data);
    // It has an event of its own: nothing else has changed.
    if (notification.event !== 'quality') this.#parts.emit('changed');
  }

  /** Others came and went. */
  tellChange({ joined, left, removed }: RosterChange): void {
    const { receiving, emit } = this.#parts;
    for (const publication of removed) receiving.drop(publication);
    for (const participant of left) emit('participantLeft', participant);
    for (const participant of joined) emit('participantJoined', participant);
    emit('changed');
  }

  /** Somebody else muted one's own track. */
  onOwnPaused(producerId: string): void {
    const source = this.#parts.local.onMuted(producerId);
    if (source) this.#parts.emit('localTrackMuted', source);
  }

  /** The server takes one's own track no longer. */
  onOwnClosed(producerId: string, reason?: NotificationData<'producerClosed'>['reason']): void {
    const source = this.#parts.local.drop(producerId);
    if (!source) return;
    const refusal =
      reason && new SignallingError(reason, `The server stopped the ${source}: it sent too much data.`);
    this.#parts.emit('localTrackStopped', source, refusal);
  }

  readonly #handlers: { [E in Event]?: (data: NotificationData<E>) => void } = {
    participantJoined: (description) => {
      const { roster, receiving } = this.#parts;
      this.tellChange({ joined: [roster.add(description)], left: [], removed: [] });
      receiving.receiveSounds();
    },
    participantLeft: ({ participantId }) => {
      const { roster, leaveFor } = this.#parts;
      if (this.#isOwn(participantId))
        leaveFor(new SignallingError('forbidden', 'You were removed from this room.'));
      else this.tellChange({ joined: [], ...roster.remove(participantId) });
    },
    producerAdded: ({ participantId, producer }) => {
      const { roster, receiving } = this.#parts;
      roster.publish(participantId, producer);
      receiving.receiveSounds();
    },
    producerPaused: ({ participantId, producerId }) => {
      if (this.#isOwn(participantId)) this.onOwnPaused(producerId);
      else this.#markMuted(producerId, true);
    },
    producerResumed: ({ producerId }) => this.#markMuted(producerId, false),
    producerClosed: ({ participantId, producerId, reason }) => {
      const { roster, receiving } = this.#parts;
      if (this.#isOwn(participantId)) {
        this.onOwnClosed(producerId, reason);
        return;
      }
      const removed = roster.unpublish(participantId, producerId);
      if (removed) receiving.drop(removed);
    },
    consumerAdded: (offer) => this.#parts.receiving.onConsumerAdded(offer),
    consumerClosed: (closed) => this.#parts.receiving.onConsumerClosed(closed),
    streams: (streams) => {
      this.#parts.receiving.onStreams(streams);
      this.#parts.emit('streamsChanged', streams);
    },
    permissions: (permissions) => {
      this.#parts.standing.permissions = permissions;
      this.#parts.emit('permissionsChanged', permissions);
    },
    roomUpdated: ({ locked }) => {
      this.#parts.standing.locked = locked;
    },
    serverStopping: ({ withinMs }) => this.#parts.emit('serverStopping', withinMs),
    quality: (measured) => this.#parts.quality.onMeasured(measured),
    roomClosed: ({ reason }) => {
      if (reason === 'room_closed')
        this.#parts.leaveFor(new SignallingError('gone', 'This call was ended for everybody.'));
    },
    activeSpeakers: ({ speakers }) => {
      const { standing, roster, emit } = this.#parts;
      const levels = new Map(speakers.map(({ participantId, level }) => [participantId, level]));
      for (const participant of roster.participants.values()) {
        participant.audioLevel = levels.get(participant.id) ?? 0;
      }
      standing.audioLevel = levels.get(standing.participantId) ?? 0;
      emit(
        'activeSpeakers',
        speakers.flatMap(({ participantId }) => roster.participants.get(participantId) ?? []),
      );
    },
  };

  #isOwn(participantId: string): boolean {
    return participantId === this.#parts.standing.participantId;
  }

  #markMuted(producerId: string, muted: boolean): void {
    const publication = this.#parts.roster.find(producerId);
    if (publication) publication.muted = muted;
  }
}
