import type { Logger } from 'pino';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';
import type { Streams } from '../streams.ts';
import { Viewer } from './viewer.ts';

/** Chooses for each participant who leaves it to the server which videos to watch, within the user's free slots. */
export class AutomaticChoice {
  readonly #streams: Streams;
  readonly #log: Logger;
  readonly #viewers = new Map<Room, Map<Participant, Viewer>>();

  constructor({ streams, log }: { streams: Streams; log: Logger }) {
    this.#streams = streams;
    this.#log = log;
    streams.on('changed', (userId) => {
      for (const viewer of this.#all()) if (viewer.participant.userId === userId) viewer.reconsider();
    });
  }

  /** Chooses for a participant from now on, until it leaves. */
  add(room: Room, participant: Participant): void {
    const log = this.#log.child({ room: room.name, participantId: participant.id });
    const viewers = this.#viewersIn(room);
    viewers.set(participant, new Viewer({ room, participant, streams: this.#streams, log }));
    participant.once('close', () => viewers.delete(participant));
  }

  /** Undefined for a participant who chooses alone. */
  of(room: Room, participant: Participant): Viewer | undefined {
    return this.#viewers.get(room)?.get(participant);
  }

  #viewersIn(room: Room): Map<Participant, Viewer> {
    const known = this.#viewers.get(room);
    if (known) return known;
    const viewers = new Map<Participant, Viewer>();
    this.#viewers.set(room, viewers);
    room.on('changed', () => viewers.forEach((viewer) => viewer.reconsider()));
    room.once('close', () => this.#viewers.delete(room));
    return viewers;
  }

  #all(): Viewer[] {
    return [...this.#viewers.values()].flatMap((viewers) => [...viewers.values()]);
  }
}
