import { signal, type ReadonlySignal } from '@preact/signals';
import type { TrackSource } from '../../../server/protocol/model.ts';
import type { Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';
import { tellingIn, type Telling } from './telling.ts';
import type { Watch } from './watch.ts';

/** Something that is asked before it is done, since it cannot be undone. */
export interface Question {
  title: string;
  text: string;
  /** What the button says that does it. */
  answer: string;
  act: () => void;
}

/** What a host does to a room and to those in it. */
export class Hosting {
  readonly isHost: ReadonlySignal<boolean>;
  readonly locked: ReadonlySignal<boolean>;
  /** What the host is being asked. */
  readonly question = signal<Question>();
  readonly #room: Room;
  readonly #telling: Telling;

  constructor(room: Room, watched: Watch, notices: Notices) {
    this.#room = room;
    this.#telling = tellingIn(room, notices);
    this.isHost = watched(({ permissions }) => permissions.admin);
    this.locked = watched(({ locked }) => locked);
  }

  /** Mutes a sound, or ends videos. */
  stop(participantId: string, sources: TrackSource[]): void {
    this.#do(() => this.#room.host.muteParticipant(participantId, sources));
  }

  askToRemove(participantId: string, name: string): void {
    this.question.value = {
      title: `Remove ${name}?`,
      text: `${name} leaves the call at once, and cannot come back with the same link or in the same browser.`,
      answer: 'Remove',
      act: () => this.#do(() => this.#room.host.removeParticipant(participantId)),
    };
  }

  toggleLock(): void {
    this.#do(() => this.#room.host.setLocked(!this.locked.peek()));
  }

  askToEnd(): void {
    this.question.value = {
      title: 'End the call for everybody?',
      text: 'Everybody leaves at once. To leave alone, and let the others go on, use “Leave”.',
      answer: 'End for everybody',
      act: () => this.#do(() => this.#room.host.closeForAll()),
    };
  }

  #do(work: () => Promise<void>): void {
    void this.#telling('host', work);
  }
}
