/** A name that nobody else has, of 32 hexadecimal digits. Unlike `crypto.randomUUID` it works on pages without https, too. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
