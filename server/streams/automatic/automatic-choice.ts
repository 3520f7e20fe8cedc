import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { Room } from '../../rooms/room.ts';
import type { Streams } from '../streams.ts';
import { Viewer } from './viewer.ts';

export interface AutomaticChoiceOptions {
  streams: Streams;
  rooms: RoomRegistry;
  clock: Clock;
  log: Logger;
}

/** Chooses for each participant who leaves it to the server which videos to watch, within the user's free slots. */
export class AutomaticChoice {
  readonly #options: AutomaticChoiceOptions;
  readonly #viewers = new WeakMap<Participant, Viewer>();
  /** Rooms that are listened to. */
  readonly #rooms = new WeakSet<Room>();

  constructor(options: AutomaticChoiceOptions) {
    this.#options = options;
    const { streams, rooms } = options;
    streams.on('changed', (userId) => this.#reconsider(rooms.presencesOf(userId)));
    streams.on('replaced', ({ watching }) => this.of(watching.viewer)?.onReplaced(watching));
  }

  /** Chooses for a participant from now on, until it leaves. */
  add(room: Room, participant: Participant): void {
    const { streams, clock } = this.#options;
    const log = this.#options.log.child({ room: room.name, participantId: participant.id });
    this.#viewers.set(participant, new Viewer({ room, participant, streams, clock, log }));
    if (this.#rooms.has(room)) return;
    this.#rooms.add(room);
    room.on('changed', () => this.#reconsider(room.participants.values()));
  }

  /** Undefined for a participant who chooses alone. */
  of(participant: Participant): Viewer | undefined {
    return this.#viewers.get(participant);
  }

  #reconsider(participants: Iterable<Participant>): void {
    for (const participant of participants) this.of(participant)?.reconsider();
  }
}
