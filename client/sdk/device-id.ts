import { randomId } from './random-id.ts';

const KEY = 'trivium.device';

/** A random name of this browser, kept by it, so that one's own tabs and devices can be told apart. */
export function deviceId(): string {
  try {
    const known = localStorage.getItem(KEY);
    if (known) return known;
    const made = randomId();
    localStorage.setItem(KEY, made);
    return made;
  } catch {
    // Storage is full or forbidden: each page counts as a device.
    return randomId();
  }
}
