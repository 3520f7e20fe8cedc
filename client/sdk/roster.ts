import type { Participant, Producer } from '../../server/protocol/model.ts';
import { RemoteParticipant, RemotePublication } from './participants.ts';

/** What a change of the roster has brought and taken away. */
export interface RosterChange {
  joined: RemoteParticipant[];
  left: RemoteParticipant[];
  /** Publications that are gone, also those of participants who left. */
  removed: RemotePublication[];
}

/** Who else is in the room and what they publish, as the server tells it. */
export class Roster {
  readonly #participants = new Map<string, RemoteParticipant>();

  /** The others, in the order in which they came. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#participants;
  }

  get publications(): RemotePublication[] {
    return [...this.#participants.values()].flatMap(({ publications }) => [...publications.values()]);
  }

  /** Takes over who is there now. Those who were known already keep what is known of them. */
  reconcile(present: Participant[]): RosterChange {
    const change: RosterChange = { joined: [], left: [], removed: [] };
    const ids = new Set(present.map(({ id }) => id));
    for (const id of [...this.#participants.keys()].filter((known) => !ids.has(known))) {
      const { left, removed } = this.remove(id);
      change.left.push(...left);
      change.removed.push(...removed);
    }
    for (const description of present) {
      if (!this.#participants.has(description.id)) change.joined.push(this.add(description));
      else change.removed.push(...this.#update(description));
    }
    return change;
  }

  add(description: Participant): RemoteParticipant {
    const participant = new RemoteParticipant(description);
    this.#participants.set(participant.id, participant);
    for (const producer of description.producers) this.publish(participant.id, producer);
    return participant;
  }

  remove(participantId: string): Pick<RosterChange, 'left' | 'removed'> {
    const participant = this.#participants.get(participantId);
    if (!participant) return { left: [], removed: [] };
    this.#participants.delete(participantId);
    return { left: [participant], removed: [...participant.publications.values()] };
  }

  publish(participantId: string, producer: Producer): void {
    const publication = new RemotePublication(participantId, producer);
    this.#participants.get(participantId)?.publications.set(producer.id, publication);
  }

  /** @returns the publication that is gone, if it was known. */
  unpublish(participantId: string, producerId: string): RemotePublication | undefined {
    const publications = this.#participants.get(participantId)?.publications;
    const publication = publications?.get(producerId);
    publications?.delete(producerId);
    return publication;
  }

  find(producerId: string): RemotePublication | undefined {
    return this.publications.find(({ id }) => id === producerId);
  }

  clear(): void {
    this.#participants.clear();
  }

  #update({ id, producers }: Participant): RemotePublication[] {
    const present = new Map(producers.map((producer) => [producer.id, producer]));
    const known = this.#participants.get(id)?.publications ?? new Map<string, RemotePublication>();
    const removed = [...known.values()].filter((publication) => !present.has(publication.id));
    for (const publication of removed) known.delete(publication.id);
    for (const producer of producers) {
      const publication = known.get(producer.id);
      if (publication) publication.muted = producer.paused;
      else this.publish(id, producer);
    }
    return removed;
  }
}
