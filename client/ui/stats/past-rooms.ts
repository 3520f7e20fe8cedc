import { signal, type ReadonlySignal } from '@preact/signals';
import { ANY_ROOM } from '../state/access-token.ts';
import type { RoomsByQuality } from './answers.ts';
import { ApiError, read } from './api.ts';

/** How far one looks back. */
export const periods = [
  { hours: 1, label: 'the last hour' },
  { hours: 24, label: 'the last 24 hours' },
  { hours: 24 * 7, label: 'the last 7 days' },
  { hours: 24 * 30, label: 'the last 30 days' },
] as const;

export const orders = [
  { order: 'worst', label: 'worst first' },
  { order: 'latest', label: 'latest first' },
] as const;

/** Which rooms one looks for; the page's link keeps it. */
export interface Search {
  hours: number;
  order: (typeof orders)[number]['order'];
  /** A room's name; empty: all. */
  name: string;
}

/** Of more rooms the first are listed. */
export const LIMIT = 200;

function searchIn(query: string): Search {
  const given = new URLSearchParams(query);
  const hours = Number(given.get('hours'));
  return {
    hours: periods.some((one) => one.hours === hours) ? hours : 24,
    order: given.get('order') === 'latest' ? 'latest' : 'worst',
    name: given.get('name') ?? '',
  };
}

function queryOf({ hours, order, name }: Search): string {
  const query = new URLSearchParams({ hours: String(hours), order, ...(name === '' ? {} : { name }) });
  return `?${query.toString()}`;
}

/** Rooms that were open in a time. */
export class PastRooms {
  readonly search = signal(searchIn(location.search));
  readonly #found = signal<RoomsByQuality>();
  readonly #problem = signal('');
  #reading: AbortController | undefined;

  /** Undefined until they are known. */
  get found(): ReadonlySignal<RoomsByQuality | undefined> {
    return this.#found;
  }

  get problem(): ReadonlySignal<string> {
    return this.#problem;
  }

  change(part: Partial<Search>): void {
    this.search.value = { ...this.search.peek(), ...part };
    history.replaceState(history.state, '', location.pathname + queryOf(this.search.peek()));
    void this.read();
  }

  async read(): Promise<void> {
    this.stop();
    const reading = (this.#reading = new AbortController());
    this.#found.value = undefined;
    this.#problem.value = '';
    const { hours, order, name } = this.search.peek();
    const query = {
      from: new Date(Date.now() - hours * 3_600_000).toISOString(),
      order,
      limit: LIMIT,
      name: name === '' ? undefined : name,
    };
    try {
      this.#found.value = await read('/quality/rooms', query, { room: ANY_ROOM, signal: reading.signal });
    } catch (error) {
      if (reading.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.#problem.value = error.message;
    }
  }

  stop(): void {
    this.#reading?.abort();
  }
}
