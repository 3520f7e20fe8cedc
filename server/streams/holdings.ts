import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import type { Stream as Description } from '../protocol/model.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { HeldSlots, HeldStream, SlotLedger } from './slot-ledger.ts';
import type { OwnStreams } from './own-streams.ts';
import type { Stream } from './stream.ts';

export interface HoldingsOptions {
  ledger: SlotLedger;
  rooms: RoomRegistry;
  /** Slots of a user of whom nothing else is known yet. */
  limit: number;
  log: Logger;
  /** The streams that this server forwards. */
  own: OwnStreams;
  /** Called once a user was told of a change. */
  told: (userId: string) => void;
}

/** What the ledger said last of a user. */
interface Known {
  /** What holds slots and is none of this server's streams. */
  elsewhere: HeldStream[];
  limit: number;
}

/** What holds the slots of the users who are here: what this server forwards to them, and what is played elsewhere. */
export class Holdings {
  readonly #options: HoldingsOptions;
  /** Of users who are here. */
  readonly #known = new Map<string, Known>();

  /** The number of the last question to the ledger, of each user. */
  readonly #lastAsked = new Map<string, number>();
  #asked = 0;

  constructor(options: HoldingsOptions) {
    this.#options = options;
  }

  /** Tells one participant what holds the user's slots. */
  tell(participant: Participant): void {
    const known = this.#known.get(participant.userId);
    if (!known) {
      void this.refresh(participant.userId);
      return;
    }
    const streams = [
      ...this.#ownOf(participant.userId).map((stream) => ({
        startedAt: stream.startedAt,
        told: stream.describeFor(participant),
      })),
      ...known.elsewhere.map((held) => ({
        startedAt: held.startedAt.getTime(),
        told: describeElsewhere(held),
      })),
    ].sort((a, b) => a.startedAt - b.startedAt);
    participant.notify({
      event: 'streams',
      data: { limit: known.limit, streams: streams.map(({ told }) => told) },
    });
  }

  /** Tells every participant of a user. */
  tellUser(userId: string): void {
    for (const participant of this.#options.rooms.presencesOf(userId)) this.tell(participant);
    this.#options.told(userId);
  }

  /** How many more videos a user could watch; 0 as long as it is not known what is played elsewhere. */
  freeSlots(userId: string): number {
    const known = this.#known.get(userId);
    if (!known) return 0;
    const own = this.#options.own.of(userId).filter(({ end }) => !end);
    return Math.max(0, known.limit - own.length - known.elsewhere.length);
  }

  /** Asks the ledger what holds the slots of a user who is here, and tells the user. */
  async refresh(userId: string): Promise<void> {
    if (this.#options.rooms.presencesOf(userId).length === 0) {
      this.#forget(userId);
      return;
    }
    const asked = (this.#asked += 1);
    this.#lastAsked.set(userId, asked);
    try {
      const held = await this.#options.ledger.held(userId);
      // Of two that are under way, the one that was sent later knows more.
      if (this.#lastAsked.get(userId) !== asked) return;
      this.#remember(userId, held);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'what holds slots elsewhere is not known now');
      if (!this.#known.has(userId)) this.#known.set(userId, { elsewhere: [], limit: this.#options.limit });
    }
    this.tellUser(userId);
  }

  /** Drops what is known of users who are gone. */
  forgetAbsent(): void {
    for (const userId of this.#known.keys()) {
      if (this.#options.rooms.presencesOf(userId).length === 0) this.#forget(userId);
    }
  }

  /** All slots are held: by what, for whoever asked, who may then choose. */
  refusal(userId: string, held: HeldSlots, viewer: Participant | undefined): AppError {
    const known = this.#known.get(userId);
    if (known) this.#remember(userId, held);
    const { limit, streams } = held;
    // Another server may have changed it.
    if (known && known.limit !== limit) this.tellUser(userId);
    const conflicts = streams.map((one) => {
      const own = this.#options.own.get(one.id);
      return own && viewer ? own.describeFor(viewer) : describeElsewhere(one);
    });
    return new AppError(
      'stream_limit',
      `You are watching ${streams.length} ${streams.length === 1 ? 'video' : 'videos'}, and ${limit} is the limit. ` +
        'Give one up for this one.',
      { limit, current: streams.length, conflicts },
    );
  }

  #remember(userId: string, { limit, streams }: HeldSlots): void {
    this.#known.set(userId, { limit, elsewhere: streams.filter(({ own }) => !own) });
  }

  #forget(userId: string): void {
    this.#known.delete(userId);
    this.#lastAsked.delete(userId);
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
