import type { types } from 'mediasoup';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../clock.ts';
import { AppError } from '../errors.ts';
import { answered } from '../media/answered.ts';
import type { MediaKind, TrackSource } from '../protocol/model.ts';
import type { Participant } from './participant.ts';
import { kindOf, type Publication } from './publication.ts';
import { RateWindow } from './rate-window.ts';
import type { RoomRegistry } from './registry.ts';
import type { Room } from './room.ts';

/** What a producer has received since it was made: all its streams and what was sent again. */
export interface Received {
  /** When the worker said so, in ms of its monotonic clock. */
  at: number;
  bytes: number;
}

export interface BitrateBoundsOptions {
  rooms: RoomRegistry;
  /** The most that one producer may send as a mean of the window, in bit/s. */
  limits: Readonly<Record<MediaKind, number>>;
  /** In ms. Producers are looked at twice in it. */
  window: number;
  clock: Clock;
  log: Logger;
  /** Asks the worker; undefined: nothing has come yet. */
  read?: (producer: types.Producer) => Promise<Received | undefined>;
}

/** Time for which a source that was closed is not taken again, in ms. */
const BARRED_MS = 60_000;

/** What a participant sends from one source, with one producer after another. */
interface Intake {
  bytes: number;
  readonly window: RateWindow;
  /** It is not taken until then, by the clock, and how much came, in bit/s. */
  barred: { until: number; bitrate: number } | undefined;
}

/**
 * Closes producers that send more than they may: congestion control only asks, and who ignores it is forwarded whole. The
 * bound is on the mean of a window, so that a key frame or the start of a shared screen may be above it. Times are the
 * worker's: a late timer makes a look longer, and no bitrate higher. What is muted is counted too; the worker has to
 * decrypt it all the same.
 */
export class BitrateBounds {
  /** How many producers were closed. */
  readonly closed: Record<MediaKind, number> = { audio: 0, video: 0 };
  readonly #options: BitrateBoundsOptions;
  readonly #read: (producer: types.Producer) => Promise<Received | undefined>;
  readonly #intakes = new WeakMap<Participant, Map<TrackSource, Intake>>();
  /** When each was published, by the clock, and what of it has been counted. */
  readonly #counted = new WeakMap<Publication, { since: number; bytes: number | undefined }>();
  readonly #busy = new Set<Room>();
  #timer: Timer | undefined;

  constructor(options: BitrateBoundsOptions) {
    this.#options = options;
    this.#read = options.read ?? received;
    options.rooms.on('joined', (room, participant) => this.#watch(room, participant));
  }

  /** Looks at every producer from now on. */
  start(): void {
    const { clock, window } = this.#options;
    this.#timer = clock.after(window / 2, () => {
      this.start();
      void this.look();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /**
   * Looks at every producer now. A room whose worker has not answered yet is passed over: a worker that hangs is asked once.
   * Resolves when the others have answered.
   */
  async look(): Promise<void> {
    const idle = [...this.#options.rooms.rooms].filter((room) => !this.#busy.has(room));
    await Promise.all(idle.map((room) => this.#lookAt(room)));
  }

  /** @throws {AppError} `bitrate_exceeded` where what a participant sent from a source was closed a short while ago. */
  refuse(participant: Participant, source: TrackSource): void {
    const barred = this.#intakes.get(participant)?.get(source)?.barred;
    const retryAfterMs = barred ? Math.ceil(barred.until - this.#options.clock.monotonic()) : 0;
    if (!barred || retryAfterMs <= 0) return;
    const limit = this.#options.limits[kindOf[source]];
    throw new AppError(
      'bitrate_exceeded',
      `Your ${source.replaceAll('_', ' ')} sent ${inMbit(barred.bitrate)}; ${inMbit(limit)} are allowed. Try again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
      { limit, current: barred.bitrate, retryAfterMs },
    );
  }

  #watch(room: Room, participant: Participant): void {
    participant.on('published', (publication) => {
      this.#counted.set(publication, { since: this.#options.clock.monotonic(), bytes: undefined });
      // Else a producer that is replaced between two looks would never be counted.
      publication.once('closing', () => void this.#count(room, participant, publication));
    });
    participant.transports.on('closing', () => {
      for (const publication of participant.publications.values()) {
        void this.#count(room, participant, publication);
      }
    });
  }

  /** One participant after another: many questions at once would hold up those who join. */
  async #lookAt(room: Room): Promise<void> {
    this.#busy.add(room);
    for (const participant of room.participants.values()) {
      const publications = [...participant.publications.values()];
      await Promise.all(publications.map((publication) => this.#count(room, participant, publication)));
    }
    this.#busy.delete(room);
  }

  /** Reads a producer, and closes what the participant sends from that source where it is too much. Never throws. */
  async #count(room: Room, participant: Participant, publication: Publication): Promise<void> {
    const { clock, limits, log } = this.#options;
    const { producer, source } = publication;
    try {
      const reading = await this.#read(producer);
      const counted = this.#counted.get(publication);
      if (!reading || !counted) return;
      const intake = this.#intakeOf(participant, source);
      if (counted.bytes === undefined) {
        intake.window.add(reading.at - (clock.monotonic() - counted.since), intake.bytes);
      }
      intake.bytes += reading.bytes - (counted.bytes ?? 0);
      counted.bytes = reading.bytes;
      intake.window.add(reading.at, intake.bytes);

      const [bitrate, limit] = [Math.round((intake.window.rate ?? 0) * 8), limits[producer.kind]];
      if (bitrate <= limit) return;
      intake.barred = { until: clock.monotonic() + BARRED_MS, bitrate };
      const present = [...participant.publications.values()].find((one) => one.source === source);
      if (!present) return;
      this.closed[producer.kind] += 1;
      participant.endPublication(present, 'bitrate_exceeded');
      log.warn(
        {
          room: room.name,
          sessionId: room.id,
          participantId: participant.id,
          userId: participant.userId,
          producerId: present.producer.id,
          source,
          bitrate,
          limit,
        },
        'producer closed: it sent more than it may',
      );
    } catch (error) {
      // Of one that is closed, or whose worker is gone, there is nothing to know.
      if (!producer.closed) log.warn({ err: error, producerId: producer.id }, 'a producer was not measured');
    }
  }

  #intakeOf(participant: Participant, source: TrackSource): Intake {
    const intakes = this.#intakes.get(participant) ?? new Map<TrackSource, Intake>();
    this.#intakes.set(participant, intakes);
    const intake = intakes.get(source) ?? {
      bytes: 0,
      window: new RateWindow(this.#options.window),
      barred: undefined,
    };
    intakes.set(source, intake);
    return intake;
  }
}

const inMbit = (bitrate: number) => `${(bitrate / 1e6).toFixed(1)} Mbit/s`;

/** @see https://mediasoup.org/documentation/v3/mediasoup/rtc-statistics/ */
async function received(producer: types.Producer): Promise<Received | undefined> {
  const stats = await answered(producer.getStats());
  const [first] = stats;
  if (!first) return undefined;
  return { at: first.timestamp, bytes: stats.reduce((sum, { byteCount }) => sum + byteCount, 0) };
}
