import { AppError } from '../errors.ts';
import type { ClientAddress } from '../identity/address.ts';
import type { Identity } from '../identity/identity.ts';
import type { Revocations } from '../identity/revocations.ts';
import { TokenWatch } from '../identity/token-watch.ts';
import type { AccessTokens, TokenHolder } from '../identity/tokens.ts';
import type { AnnouncedAddresses } from '../media/announced-addresses.ts';
import type { TurnOptions } from '../media/ice-servers.ts';
import type { LeaveReason } from '../protocol/model.ts';
import type { Notification } from '../protocol/notifications.ts';
import type { BitrateBounds } from '../rooms/bitrate-bounds.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { Room } from '../rooms/room.ts';
import type { Recorder } from '../stats/recorder.ts';
import type { AutomaticChoice } from '../streams/automatic/automatic-choice.ts';
import type { Viewer } from '../streams/automatic/viewer.ts';
import type { Streams } from '../streams/streams.ts';
import type { JoinLimits } from './join-limits.ts';
import type { Resumption } from './resumption.ts';

export interface Presence {
  room: Room;
  participant: Participant;
}

/** What a session works with. */
export interface SessionContext {
  /** Who is at the other end, to begin with. */
  identity: Identity;
  /** Where that is. */
  address: ClientAddress;
  joins: JoinLimits;
  tokens: AccessTokens;
  revocations: Revocations;
  rooms: RoomRegistry;
  bitrates: BitrateBounds;
  streams: Streams;
  choice: AutomaticChoice;
  resumption: Resumption;
  recorder: Recorder;
  /** Where browsers reach the media. */
  announced: AnnouncedAddresses;
  /** The relay for those who do not. */
  turn: TurnOptions;
}

/** How a session reaches the connection that it belongs to. */
export interface Wire {
  notify(notification: Notification): void;
  /** Another connection has taken the place of this one. */
  supersede(): void;
  /** The token that let it in has ended. */
  tokenEnded(why: string): void;
}

/** What one connection stands for: the user behind it and, once joined, its place in a room. */
export class Session {
  readonly context: SessionContext;
  readonly #wire: Wire;
  readonly #notify: Wire['notify'];
  readonly #watch: TokenWatch;
  #identity: Identity;
  #presence: Presence | undefined;
  #ended = false;
  #leaving = false;

  constructor(context: SessionContext, wire: Wire) {
    this.context = context;
    this.#wire = wire;
    this.#notify = (notification) => wire.notify(notification);
    this.#identity = context.identity;
    this.#watch = new TokenWatch(context.identity, context.revocations, context.tokens.clock, (why) =>
      this.#tokenEnded(why),
    );
  }

  /** Who is at the other end. */
  get identity(): Identity {
    return this.#identity;
  }

  get userId(): string {
    return this.#identity.userId;
  }

  /** True once the connection is gone; whatever is still under way for it must be undone. */
  get ended(): boolean {
    return this.#ended;
  }

  get joined(): boolean {
    return this.#presence !== undefined;
  }

  /** @throws {AppError} `not_joined` */
  get presence(): Presence {
    if (!this.#presence) throw new AppError('not_joined', 'You are in no room. Send `join` first.');
    return this.#presence;
  }

  /** Chooses what the participant watches; undefined where the client does so alone. @throws {AppError} `not_joined` */
  get viewer(): Viewer | undefined {
    return this.context.choice.of(this.presence.participant);
  }

  /** The page is being left: the connection ends soon, or the next request says that it was not. */
  goAway(): void {
    this.#leaving = true;
  }

  /** A request has come: the room is in use. */
  noteRequest(): void {
    this.#leaving = false;
    if (this.#presence) this.context.rooms.noteRequest(this.#presence.room);
  }

  /** From now on the client is told what happens in the room. */
  enter(presence: Presence): void {
    this.#presence = presence;
    this.noteRequest();
    presence.participant.on('notify', this.#notify);
    presence.participant.once('close', this.#forget);
    this.context.streams.tell(presence.participant);
    this.viewer?.attach();
  }

  /**
   * Another token of the same user takes the place of the former one: its grants hold from now on.
   *
   * @throws {AppError} `forbidden` for another user's, and what `Room.regrant` throws.
   */
  become(identity: TokenHolder): void {
    if (identity.userId !== this.userId) {
      throw new AppError('forbidden', `The token is of another user: its \`sub\` must be ${this.userId}.`);
    }
    if (this.#presence) this.#presence.room.regrant(this.#presence.participant, identity);
    this.#identity = identity;
    this.#watch.renew(identity);
  }

  /** Another connection takes the place over: this one has none any more. */
  handOver(): void {
    // Nothing that still waits in its queue may be done any more.
    this.#ended = true;
    this.#watch.stop();
    this.#forget();
    this.#wire.supersede();
  }

  /**
   * The connection is gone: for good; with its page (`away`), which may be loaded again where it has said so before; or by an accident
   * after which the client may come back.
   */
  end(how: 'left' | 'away' | 'broken'): void {
    this.#ended = true;
    const participant = this.#presence?.participant;
    if (!participant || how === 'left' || (how === 'away' && !this.#leaving)) {
      this.#watch.stop();
      participant?.close('left' satisfies LeaveReason);
      return;
    }
    // The token is watched on: it must hold for the place that waits too.
    participant.off('notify', this.#notify);
    this.viewer?.detach();
    this.context.resumption.keep(this, this.#leaving ? 'leaving' : 'broken');
  }

  #tokenEnded(why: string): void {
    this.#ended = true;
    this.#presence?.participant.close('removed' satisfies LeaveReason);
    this.#wire.tokenEnded(why);
  }

  readonly #forget = (): void => {
    if (this.#ended) this.#watch.stop();
    this.#presence?.participant.off('notify', this.#notify);
    this.#presence?.participant.off('close', this.#forget);
    this.#presence = undefined;
  };
}
