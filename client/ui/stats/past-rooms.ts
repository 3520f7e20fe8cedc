import { signal, type ReadonlySignal } from '@preact/signals';
import { ANY_ROOM } from '../state/access-token.ts';
import type { RoomsByQuality } from './answers.ts';
import { ApiError, read } from './api.ts';
import { asOf, periodOf, queryOf, searchIn, type Search } from './search.ts';

/** Of more rooms the first are listed. */
export const LIMIT = 200;

/** Until a choice counts as made, in ms: a moment is made of many keys, and browsers count changes of the address. */
const SETTLED_MS = 250;

/** Rooms that were open in a time, and what was asked for. */
export interface FoundRooms extends RoomsByQuality {
  asked: Search;
}

/** Looks for rooms that were open in a time. */
export class PastRooms {
  readonly #search = signal(searchIn(location.search));
  readonly #found = signal<FoundRooms>();
  readonly #problem = signal('');
  #reading: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** What is chosen. */
  get search(): ReadonlySignal<Search> {
    return this.#search;
  }

  /** Undefined until they are known. */
  get found(): ReadonlySignal<FoundRooms | undefined> {
    return this.#found;
  }

  get problem(): ReadonlySignal<string> {
    return this.#problem;
  }

  change(part: Partial<Search>): void {
    this.#search.value = { ...this.#search.peek(), ...part };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      history.replaceState(history.state, '', location.pathname + queryOf(this.#search.peek()));
      void this.read();
    }, SETTLED_MS);
  }

  async read(): Promise<void> {
    this.stop();
    const reading = (this.#reading = new AbortController());
    this.#found.value = undefined;
    this.#problem.value = '';
    const now = Date.now();
    const asked = asOf(this.#search.peek(), now);
    const { order, name } = asked;
    const query = { ...periodOf(asked, now), order, limit: LIMIT, name: name === '' ? undefined : name };
    try {
      const found = await read<RoomsByQuality>('/quality/rooms', query, {
        rooms: [ANY_ROOM, name],
        signal: reading.signal,
      });
      this.#found.value = { ...found, asked };
    } catch (error) {
      if (reading.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.#problem.value = error.message;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#reading?.abort();
  }
}
