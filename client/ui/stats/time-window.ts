import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { lengthOf, moved, spanIn, within, withSpan, zoomed, type Span } from './span.ts';

/** Until a choice counts as made, in ms: browsers count changes of the address. */
const SETTLED_MS = 300;

/** A part that leaves out less, in seconds, is everything: sums of times are not exact, and links have whole seconds. */
const LEFT_OUT = 1;

/** The part of time that all charts show: everything, until somebody chooses a part of it, which the page's link keeps. */
export class TimeWindow {
  readonly #bounds = signal<Span>({ from: 0, to: 1 });
  readonly #chosen = signal<Span | undefined>(spanIn(location.search));
  readonly #settled = signal(this.#chosen.peek());
  /** What is shown; it changes with every step of a zoom. */
  readonly shown: ReadonlySignal<Span> = computed(() => {
    const chosen = this.#chosen.value;
    return chosen ? within(chosen, this.#bounds.value) : this.#bounds.value;
  });
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** All that there is. */
  get bounds(): ReadonlySignal<Span> {
    return this.#bounds;
  }

  /** What is shown since nothing has been changed for a moment; undefined: everything. */
  get settled(): ReadonlySignal<Span | undefined> {
    return this.#settled;
  }

  setBounds(bounds: Span): void {
    const { from, to } = this.#bounds.peek();
    if (from !== bounds.from || to !== bounds.to) this.#bounds.value = bounds;
  }

  /** A span that covers everything is not kept: what is shown goes on to grow with the call. */
  show(span: Span): void {
    const bounds = this.#bounds.peek();
    const shown = within(span, bounds);
    this.#choose(lengthOf(bounds) - lengthOf(shown) < LEFT_OUT ? undefined : shown);
  }

  /** @param factor Below 1: nearer. @param around What stays where it is, in seconds since the epoch. */
  zoom(factor: number, around?: number): void {
    this.show(zoomed(this.shown.peek(), factor, around));
  }

  /** @param share Of what is shown; below 0: to earlier times. */
  pan(share: number): void {
    const shown = this.shown.peek();
    this.show(moved(shown, share * lengthOf(shown)));
  }

  showAll(): void {
    this.#choose(undefined);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #choose(span: Span | undefined): void {
    this.#chosen.value = span;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#settled.value = span;
      history.replaceState(history.state, '', location.pathname + withSpan(location.search, span));
    }, SETTLED_MS);
  }
}
