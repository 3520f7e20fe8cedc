/** A command cannot be done. The message says why, to whoever gave it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
