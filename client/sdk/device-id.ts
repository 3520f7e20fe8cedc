const KEY = 'trivium.device';

/** A random name of this browser, kept by it, so that one's own tabs and devices can be told apart. */
export function deviceId(): string {
  try {
    const known = localStorage.getItem(KEY);
    if (known) return known;
    const made = random();
    localStorage.setItem(KEY, made);
    return made;
  } catch {
    // Storage is full or forbidden: each page counts as a device.
    return random();
  }
}

function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
