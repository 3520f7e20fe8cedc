import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { Scores, Summary, Timeline } from './answers.ts';
import { ANY_ROOM } from '../state/access-token.ts';
import { ApiError, read } from './api.ts';
import { drawnFields } from './figures.ts';
import { lowerBound } from './lower-bound.ts';
import { withEverybody, withoutUnfinished, withTail } from './merge.ts';
import { covers, lengthOf, type Span } from './span.ts';
import { TimeWindow } from './time-window.ts';

/** Time between two looks at what a live call adds, in ms; and at its minutes. */
const TAIL_MS = 5_000;
const MINUTES_MS = 20_000;

/** What is known of the last seconds may still change: samples come late, the more seldom they are taken. */
const UNSURE_S = 75;

/** Beyond this a live call is asked for anew, in longer steps. */
const POINTS_MAX = 2_500;

/** A part of so many seconds can be had in steps of samples. */
const FINE = { longest: 2_400, step: 5 };

/** What is known of a session of a room, kept up to date while it is live. */
export class RoomStatistics {
  readonly room: string;
  readonly window = new TimeWindow();
  readonly #id: string;
  readonly #whole = signal<Timeline>();
  /** A part of it in shorter steps. */
  readonly #part = signal<Timeline>();
  /** The same, and those who were not there. */
  readonly #partOfAll = computed(() => {
    const [whole, part] = [this.#whole.value, this.#part.value];
    return whole && part && withEverybody(part, whole);
  });
  readonly #summary = signal<Summary>();
  readonly #scores = signal<Scores>();
  readonly #problem = signal('');
  readonly #stopping = new AbortController();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** The part that was asked for last. */
  #wanted: Span | undefined;
  #unfollow: () => void = () => undefined;

  /** What the charts draw: of the part that is shown, the shortest steps that are known. */
  readonly drawn: ReadonlySignal<Timeline | undefined> = computed(() => {
    const [whole, part] = [this.#whole.value, this.#partOfAll.value];
    return part && covers(spanOf(part), this.window.shown.value) ? part : whole;
  });
  readonly isLive: ReadonlySignal<boolean> = computed(
    () => this.#whole.value !== undefined && this.#whole.value.endedAt === undefined,
  );

  /** @param session Its id; undefined: the room's latest one. */
  constructor(room: string, session: string | undefined) {
    this.room = room;
    this.#id = session ?? room;
  }

  /** All of it. */
  get whole(): ReadonlySignal<Timeline | undefined> {
    return this.#whole;
  }

  get summary(): ReadonlySignal<Summary | undefined> {
    return this.#summary;
  }

  get scores(): ReadonlySignal<Scores | undefined> {
    return this.#scores;
  }

  /** Why nothing, or nothing new, could be read, as a sentence; empty where all is well. */
  get problem(): ReadonlySignal<string> {
    return this.#problem;
  }

  /** Reads everything; again after a failure. */
  async start(): Promise<void> {
    this.#problem.value = '';
    await this.#try(async () => {
      const [whole, minutes] = await Promise.all([this.#readWhole(this.#id), this.#minutes(this.#id)]);
      if (whole.roomName !== this.room)
        throw new ApiError(`The call of this link was not in room ${this.room}.`);
      // At once, so that nothing moves on the page.
      batch(() => {
        this.#know(whole);
        this.#knowMinutes(minutes);
      });
      keepInLink(whole.roomId);
      this.#unfollow = effect(() => this.#readPart(this.window.settled.value));
    });
    this.#goOn(Date.now());
  }

  stop(): void {
    this.#stopping.abort();
    this.#unfollow();
    this.window.stop();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** @param minutesAt When the minutes were read, in ms since the epoch. */
  #goOn(minutesAt: number): void {
    if (!this.isLive.peek() || this.#stopping.signal.aborted) return;
    this.#later(TAIL_MS, async () => {
      const whole = this.#whole.peek();
      if (!whole) return;
      const due = Date.now() - minutesAt >= MINUTES_MS;
      const read = await this.#try(async () => {
        await this.#readTail(whole);
        if (due || !this.isLive.peek()) this.#knowMinutes(await this.#minutes(whole.roomId));
      });
      if (read) this.#problem.value = '';
      this.#goOn(due && read ? Date.now() : minutesAt);
    });
  }

  /** A short call is made of samples at once. */
  async #readWhole(id: string): Promise<Timeline> {
    const whole = await this.#timeline(id, {});
    if (lengthOf(spanOf(whole)) > FINE.longest) return whole;
    return this.#timeline(whole.roomId, { step: FINE.step }).catch(otherwise(whole));
  }

  async #readTail(whole: Timeline): Promise<void> {
    const { roomId, time, step } = whole;
    if (time.length > POINTS_MAX) {
      this.#know(await this.#readWhole(roomId));
      return;
    }
    const ends = Math.max(spanOf(whole).to - UNSURE_S, spanOf(whole).from);
    const from = time[lowerBound(time, ends)] ?? spanOf(whole).from;
    const tail = await this.#timeline(roomId, { from, step }).catch(otherwise(undefined));
    // Of too long a time, after the machine has slept, it is refused, or has longer steps.
    this.#know(tail?.step === step ? withTail(whole, tail) : await this.#readWhole(roomId));
    const part = this.#part.peek();
    if (part && this.window.shown.peek().to > spanOf(part).to - UNSURE_S) {
      this.#readPart(this.window.settled.peek());
    }
  }

  /** Of very many minutes there are no scores at once. */
  #minutes(id: string): Promise<[Summary, Scores | undefined]> {
    return Promise.all([
      this.#read<Summary>(`/rooms/${id}/summary`, {}),
      this.#read<Scores>(`/rooms/${id}/scores`, {}).catch(otherwise(undefined)),
    ]);
  }

  #knowMinutes([summary, scores]: [Summary, Scores | undefined]): void {
    this.#summary.value = summary;
    this.#scores.value = scores;
  }

  /** Reads what is shown in shorter steps, where there are any; without them nothing is lost. */
  #readPart(shown: Span | undefined): void {
    const whole = this.#whole.peek();
    if (!whole || !shown) return;
    const length = lengthOf(shown);
    const step = length <= FINE.longest ? FINE.step : undefined;
    const margin = step === undefined ? length / 2 : Math.min(length / 2, (FINE.longest - length) / 2);
    const { from, to } = this.window.bounds.peek();
    const wanted = { from: Math.max(from, shown.from - margin), to: Math.min(to, shown.to + margin) };
    this.#wanted = wanted;
    const know = (part: Timeline | undefined) => {
      if (this.#wanted !== wanted) return;
      const saysMore = part && (part.step < whole.step || (part.isComplete && !whole.isComplete));
      this.#part.value = saysMore ? part : undefined;
    };
    this.#timeline(whole.roomId, { ...wanted, step }).then(know, () => know(undefined));
  }

  #know(whole: Timeline): void {
    this.#whole.value = whole;
    this.window.setBounds(spanOf(whole));
  }

  async #timeline(
    id: string,
    { from, to, step }: Partial<Span> & { step?: number | undefined },
  ): Promise<Timeline> {
    const query = { from: iso(from), to: iso(to), step, fields: drawnFields };
    const answer = await this.#read<Timeline>(`/rooms/${id}/timeline`, query);
    return to === undefined ? withoutUnfinished(answer) : answer;
  }

  #read<Answer>(path: string, query: Record<string, string | number | undefined>): Promise<Answer> {
    return read<Answer>(path, query, { rooms: [this.room, ANY_ROOM], signal: this.#stopping.signal });
  }

  /** @returns whether it could be done. */
  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (this.#stopping.signal.aborted) return false;
      if (!(error instanceof ApiError)) throw error;
      this.#problem.value = error.message;
      return false;
    }
  }

  #later(ms: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Where it is refused as too much: goes on with something else. */
const otherwise =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof ApiError && error.status === 400) return instead;
    throw error;
  };

export const spanOf = ({ from, to }: Timeline): Span => ({
  from: Date.parse(from) / 1000,
  to: Date.parse(to) / 1000,
});

const iso = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();

/** A link shows the session that one has looked at, not whatever is called there later. */
function keepInLink(session: string): void {
  const query = new URLSearchParams(location.search);
  query.set('session', session);
  const text = query.toString().replaceAll('%3A', ':');
  history.replaceState(history.state, '', `${location.pathname}?${text}`);
}
