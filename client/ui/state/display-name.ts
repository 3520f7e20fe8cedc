import { signal, type ReadonlySignal } from '@preact/signals';

const KEY = 'trivium.displayName';

/** As many characters as the protocol lets a name have. */
export const DISPLAY_NAME_MAX = 64;

const name = signal(remembered());

/** One's own name as it stands in its field; this browser remembers it. */
export const displayName: ReadonlySignal<string> = name;

export function setDisplayName(text: string): void {
  name.value = text;
  try {
    localStorage.setItem(KEY, text);
  } catch {
    // Storage is full or forbidden: the name is remembered for as long as the page is open.
  }
}

/** What is wrong with the name, as a sentence; empty where it will do. */
export function displayNameProblem(): string {
  return name.value.trim() === '' ? 'Enter your name, so that the others know who you are.' : '';
}

function remembered(): string {
  try {
    return localStorage.getItem(KEY)?.slice(0, DISPLAY_NAME_MAX) ?? '';
  } catch {
    return '';
  }
}
