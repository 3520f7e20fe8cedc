import type { Clock, Timer } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Params } from '../protocol/methods.ts';
import type { SeatOwner, SeatTokens } from './seat-tokens.ts';
import type { Presence, Session } from './session.ts';

/** How long the place of a page that is left is kept, in ms: as long as it takes to load it again. */
const LEAVING_MS = 5_000;

interface Seat {
  presence: Presence;
  token: string;
  /** The session whose connection has it, or had it until that broke. */
  occupant: Session;
  timer: Timer | undefined;
}

/**
 * Keeps the place of a participant whose connection broke, its media flowing on, for as long as its client may take to
 * come back over another connection. The token that it was given when it joined proves that it is the same client.
 */
export class Resumption {
  readonly #grace: number;
  readonly #tokens: SeatTokens;
  readonly #clock: Clock;
  readonly #seats = new Map<string, Seat>();
  /** The seats of those who gave their join an id, by that and their user. */
  readonly #byJoin = new Map<string, Seat>();
  /** The last join of each such id that is not done yet. */
  readonly #joining = new Map<string, Promise<unknown>>();

  /** @param grace How long a place is kept, in ms. */
  constructor(grace: number, tokens: SeatTokens, clock: Clock) {
    this.#grace = grace;
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** Joins with the id of another one that is not done yet wait for it, so that each finds the seat of the one before. */
  async oneByOne<T>({ userId }: Session, joinId: string | undefined, join: () => Promise<T>): Promise<T> {
    if (joinId === undefined) return join();
    const key = joinKey(userId, joinId);
    const before = this.#joining.get(key) ?? Promise.resolve();
    const joined = before.catch(() => undefined).then(join);
    this.#joining.set(key, joined);
    try {
      return await joined;
    } finally {
      if (this.#joining.get(key) === joined) this.#joining.delete(key);
    }
  }

  /** Seats a session that has just joined. @returns the token for coming back. */
  seat(presence: Presence, occupant: Session, joinId: string | undefined): string {
    const { room, participant } = presence;
    const token = this.#tokens.make({ userId: participant.userId, roomName: room.name });
    const seat: Seat = { presence, token, occupant, timer: undefined };
    const key = joinId === undefined ? undefined : joinKey(participant.userId, joinId);
    this.#seats.set(token, seat);
    if (key !== undefined) this.#byJoin.set(key, seat);
    presence.participant.once('close', () => {
      seat.timer?.cancel();
      this.#seats.delete(token);
      if (key !== undefined && this.#byJoin.get(key) === seat) this.#byJoin.delete(key);
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
      seat.timer = this.#clock.after(grace, () => seat.presence.participant.close(reason));
    }
  }

  /**
   * Gives the place to a client that begins anew, as a page does that was reloaded, or one that had no answer to its join.
   *
   * @returns undefined where it has none under that token or by that join, in that room and by that name.
   * @throws what `take` throws.
   */
  takeAnew(
    session: Session,
    { room, displayName, rtpCapabilities, resumeToken, joinId }: Params<'join'>,
  ): { presence: Presence; token: string } | undefined {
    const seat =
      this.#seats.get(resumeToken ?? '') ?? this.#byJoin.get(joinKey(session.userId, joinId ?? ''));
    if (seat?.presence.participant.userId !== session.userId || seat.presence.room.name !== room)
      return undefined;
    const { presence, token } = seat;
    const { participant } = presence;
    if (participant.displayName !== (session.identity.displayName ?? displayName.trim())) return undefined;
    this.take(token, session);
    participant.startAnew(rtpCapabilities);
    return { presence, token };
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
    seat.timer?.cancel();
    seat.occupant.handOver();
    seat.occupant = session;
    return seat.presence;
  }
}

const joinKey = (userId: string, joinId: string): string => `${joinId} ${userId}`;
