import { computed, signal, type ReadonlySignal } from '@preact/signals';

const blocked = signal<ReadonlySet<HTMLAudioElement>>(new Set());

/** The browser plays no sound before one has clicked on something. */
export const soundBlocked: ReadonlySignal<boolean> = computed(() => blocked.value.size > 0);

/** Plays an element's sound, now or as soon as the browser lets it. */
export async function play(element: HTMLAudioElement): Promise<void> {
  try {
    await element.play();
    forget(element);
  } catch (error) {
    const refused = error instanceof DOMException && error.name === 'NotAllowedError';
    if (refused && element.isConnected) blocked.value = new Set(blocked.peek()).add(element);
  }
}

/** To be called from a click: then the browser lets it. */
export async function playBlocked(): Promise<void> {
  await Promise.all([...blocked.peek()].map(play));
}

export function forget(element: HTMLAudioElement): void {
  if (!blocked.peek().has(element)) return;
  blocked.value = new Set([...blocked.peek()].filter((other) => other !== element));
}
