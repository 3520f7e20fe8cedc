import type { GuestAddress } from './guest-address.ts';
import type { Participant } from './participant.ts';
import { refuseAt } from './refuse-at.ts';

export interface PresenceLimits {
  /** Rooms and tabs that one user is in at once. */
  perUser: number;
  /** Guests' participants from one address at once. */
  guestsPerAddress: number;
}

/** Who is in rooms now, each room and tab until the participant closes: also while its connection is broken. */
export class Presences {
  readonly #limits: PresenceLimits;
  readonly #byUser = new Map<string, Set<Participant>>();
  readonly #byAddress = new Map<string, Set<Participant>>();

  constructor(limits: PresenceLimits) {
    this.#limits = limits;
  }

  /** Where a user is: each room and tab. */
  of(userId: string): Participant[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  /**
   * Whether there may be one more.
   *
   * @param from Undefined for who has a token.
   * @throws {AppError} `user_limit`, `address_limit` with `limit` and `current`.
   */
  refuseOneMore(userId: string, from: GuestAddress | undefined): void {
    const { perUser, guestsPerAddress } = this.#limits;
    const ofUser = this.#byUser.get(userId)?.size ?? 0;
    refuseAt(perUser, ofUser, 'user_limit', 'You are in too many rooms and tabs. Leave one');
    if (!from?.bounded) return;
    refuseAt(
      guestsPerAddress,
      this.#byAddress.get(from.key)?.size ?? 0,
      'address_limit',
      'As many guests from your network address are in rooms as may be',
      'Try again when one of them has left.',
    );
  }

  note(participant: Participant, from: GuestAddress | undefined): void {
    add(this.#byUser, participant.userId, participant);
    if (from) add(this.#byAddress, from.key, participant);
  }
}

/** Keeps a participant under a key until it closes. */
function add(groups: Map<string, Set<Participant>>, key: string, participant: Participant): void {
  const group = groups.get(key) ?? new Set();
  groups.set(key, group.add(participant));
  participant.once('close', () => {
    group.delete(participant);
    if (group.size === 0) groups.delete(key);
  });
}
