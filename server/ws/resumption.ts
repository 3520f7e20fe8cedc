import { AppError } from '../errors.ts';
import type { Params } from '../protocol/methods.ts';
import type { SeatOwner, SeatTokens } from './seat-tokens.ts';
import type { Presence, Session } from './session.ts';

/** How long the place of a page that is left is kept, in ms: as long as it takes to load it again. */
const LEAVING_MS = 5_000;

interface Seat {
  presence: Presence;
  /** The session whose connection has it, or had it until that broke. */
  occupant: Session;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Keeps the place of a participant whose connection broke, its media flowing on, for as long as its client may take to
 * come back over another connection. The token that it was given when it joined proves that it is the same client.
 */
export class Resumption {
  readonly #grace: number;
  readonly #tokens: SeatTokens;
  readonly #seats = new Map<string, Seat>();

  /** @param grace How long a place is kept, in ms. */
  constructor(grace: number, tokens: SeatTokens) {
    this.#grace = grace;
    this.#tokens = tokens;
  }

  /** Seats a session that has just joined. @returns the token for coming back. */
  seat(presence: Presence, occupant: Session): string {
    const { room, participant } = presence;
    const token = this.#tokens.make({ userId: participant.userId, roomName: room.name });
    const seat: Seat = { presence, occupant, timer: undefined };
    this.#seats.set(token, seat);
    presence.participant.once('close', () => {
      clearTimeout(seat.timer);
      this.#seats.delete(token);
    });
    return token;
  }

  /**
   * Whether somebody had a place that is gone, on this server or before a restart. A token is recognised once: to come back counts as
   * the join that it was made for.
   */
  recognises(token: string, owner: SeatOwner): boolean {
    return !this.#seats.has(token) && this.#tokens.redeem(token, owner);
  }

  /** How long the place of a page that is left is kept, in ms. */
  get leavingGrace(): number {
    return Math.min(LEAVING_MS, this.#grace);
  }

  /** The connection of a session broke, or its page is left: its place waits. */
  keep(session: Session, why: 'broken' | 'leaving'): void {
    const [grace, reason] =
      why === 'leaving' ? [this.leavingGrace, 'left' as const] : [this.#grace, 'disconnected' as const];
    for (const seat of this.#seats.values()) {
      if (seat.occupant !== session) continue;
      seat.timer = setTimeout(() => seat.presence.participant.close(reason), grace);
    }
  }

  /**
   * Gives the place to a client that begins anew, as a page does that was reloaded.
   *
   * @returns undefined where it has none under that token, in that room and by that name.
   * @throws what `take` throws.
   */
  takeAnew(
    token: string,
    session: Session,
    { room, displayName, rtpCapabilities }: Params<'join'>,
  ): Presence | undefined {
    const presence = this.#seats.get(token)?.presence;
    if (presence?.participant.userId !== session.userId || presence.room.name !== room) return undefined;
    const { participant } = presence;
    if (participant.displayName !== (session.identity.displayName ?? displayName.trim())) return undefined;
    this.take(token, session);
    participant.startAnew(rtpCapabilities);
    return presence;
  }

  /**
   * Gives the place to the session of a new connection, whose grants hold from now on. A former connection that only
   * seems to be alive ends.
   *
   * @throws {AppError} `not_found` for a token that is unknown, too late or another user's; `forbidden` where the
   *   grants do not let the user be there any more, and the place is gone with that.
   */
  take(token: string, session: Session): Presence {
    const seat = this.#seats.get(token);
    if (seat?.presence.participant.userId !== session.userId) {
      throw new AppError('not_found', 'There is no place to come back to. Join again.');
    }
    const { room, participant } = seat.presence;
    room.regrant(participant, session.identity);
    if (participant.closed)
      throw new AppError('forbidden', `Your token is not for room ${room.name} any more.`);
    clearTimeout(seat.timer);
    seat.occupant.handOver();
    seat.occupant = session;
    return seat.presence;
  }
}
