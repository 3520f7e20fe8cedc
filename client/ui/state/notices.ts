import { signal, type ReadonlySignal } from '@preact/signals';

/** A sentence that is shown until it is dismissed or no longer true. */
export interface Notice {
  /** What it is about; a newer notice about the same takes its place. */
  about: string;
  text: string;
}

export class Notices {
  readonly #list = signal<readonly Notice[]>([]);

  get list(): ReadonlySignal<readonly Notice[]> {
    return this.#list;
  }

  show(about: string, text: string): void {
    this.#list.value = [...this.#list.peek().filter((notice) => notice.about !== about), { about, text }];
  }

  dismiss(about: string): void {
    this.#list.value = this.#list.peek().filter((notice) => notice.about !== about);
  }
}
