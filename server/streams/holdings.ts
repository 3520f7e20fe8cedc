import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import type { Stream as Description } from '../protocol/model.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { HeldStream, SlotLedger } from './slot-ledger.ts';
import type { OwnStreams } from './own-streams.ts';
import type { Stream } from './stream.ts';

export interface HoldingsOptions {
  ledger: SlotLedger;
  rooms: RoomRegistry;
  /** Slots of a user whose token says nothing else. */
  limit: number;
  log: Logger;
  /** The streams that this server forwards. */
  own: OwnStreams;
  /** Called once a user was told of a change. */
  told: (userId: string) => void;
}

/** What holds the slots of the users who are here: what this server forwards to them, and what is played elsewhere. */
export class Holdings {
  readonly #options: HoldingsOptions;
  /** Of users who are here: what holds their slots and is none of this server's streams. */
  readonly #elsewhere = new Map<string, HeldStream[]>();

  /** The number of the last question to the ledger, of each user. */
  readonly #lastAsked = new Map<string, number>();
  #asked = 0;

  constructor(options: HoldingsOptions) {
    this.#options = options;
  }

  /** The slots of a participant's user. */
  limitOf({ grants }: Participant): number {
    return grants.maxVideoStreams ?? this.#options.limit;
  }

  /** Tells one participant what holds the user's slots. */
  tell(participant: Participant): void {
    const elsewhere = this.#elsewhere.get(participant.userId);
    if (!elsewhere) {
      void this.refresh(participant.userId);
      return;
    }
    const streams = [
      ...this.#ownOf(participant.userId).map((stream) => ({
        startedAt: stream.startedAt,
        told: stream.describeFor(participant),
      })),
      ...elsewhere.map((held) => ({ startedAt: held.startedAt.getTime(), told: describeElsewhere(held) })),
    ].sort((a, b) => a.startedAt - b.startedAt);
    participant.notify({
      event: 'streams',
      data: { limit: this.limitOf(participant), streams: streams.map(({ told }) => told) },
    });
  }

  /** Tells every participant of a user. */
  tellUser(userId: string): void {
    for (const participant of this.#options.rooms.presencesOf(userId)) this.tell(participant);
    this.#options.told(userId);
  }

  /** How many more videos a participant could watch; 0 as long as it is not known what is played elsewhere. */
  freeSlots(participant: Participant): number {
    const elsewhere = this.#elsewhere.get(participant.userId);
    if (!elsewhere) return 0;
    const own = this.#options.own.of(participant.userId).filter(({ end }) => !end);
    return Math.max(0, this.limitOf(participant) - own.length - elsewhere.length);
  }

  /** Asks the ledger what holds the slots of a user who is here, and tells the user. */
  async refresh(userId: string): Promise<void> {
    if (this.#options.rooms.presencesOf(userId).length === 0) return;
    const asked = (this.#asked += 1);
    this.#lastAsked.set(userId, asked);
    try {
      const held = await this.#options.ledger.held(userId);
      // Of two that are under way, the one that was sent later knows more.
      if (this.#lastAsked.get(userId) !== asked) return;
      this.#remember(userId, held);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'what holds slots elsewhere is not known now');
      if (!this.#elsewhere.has(userId)) this.#elsewhere.set(userId, []);
    }
    this.tellUser(userId);
  }

  /** Drops what is known of users who are gone. */
  forgetAbsent(): void {
    for (const userId of this.#elsewhere.keys()) {
      if (this.#options.rooms.presencesOf(userId).length === 0) {
        this.#elsewhere.delete(userId);
        this.#lastAsked.delete(userId);
      }
    }
  }

  /** All slots are held: by what, for whoever asked, who may then choose. */
  refusal(userId: string, held: HeldStream[], limit: number, viewer: Participant | undefined): AppError {
    if (this.#elsewhere.has(userId)) this.#remember(userId, held);
    const conflicts = held.map((one) => {
      const own = this.#options.own.get(one.id);
      return own && viewer ? own.describeFor(viewer) : describeElsewhere(one);
    });
    return new AppError(
      'stream_limit',
      `You are watching ${held.length} ${held.length === 1 ? 'video' : 'videos'}, and ${limit} is the limit. ` +
        'Give one up for this one.',
      { limit, current: held.length, conflicts },
    );
  }

  #remember(userId: string, held: HeldStream[]): void {
    this.#elsewhere.set(
      userId,
      held.filter(({ own }) => !own),
    );
  }

  #ownOf(userId: string): Stream[] {
    return this.#options.own.of(userId).filter(({ granted, end }) => granted && !end);
  }
}

/** What is told of a stream to somebody who does not receive it here. */
export function describeElsewhere({
  id,
  origin,
  label,
  roomName,
  publisherName,
  source,
}: HeldStream): Description {
  return {
    streamId: id,
    ...(label !== undefined && { label }),
    ...(roomName !== undefined && { roomName }),
    ...(publisherName !== undefined && { publisherName }),
    ...(source !== undefined && { source }),
    where: origin === 'sfu' ? 'other_device' : 'outside',
  };
}
