/** A failure of the set-up that its reader can mend: the message says how, and is shown without a stack. */
export class SetupError extends Error {
  override name = 'SetupError';
}

/** Whether an error of the system has one of these codes (`ENOENT`, …). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
