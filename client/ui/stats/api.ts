import { tokenFor } from '../state/access-token.ts';

/** The REST API refused, or could not be reached. The message is for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** Of HTTP; undefined where there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/**
 * Reads from the REST API, as whoever came with a token, else as the guest that this browser is.
 *
 * @param rooms Whose token is sent, where one came with their links: that of the first that there is.
 * @throws {ApiError}
 */
export async function read<Answer>(
  path: string,
  query: Record<string, string | number | undefined>,
  { rooms, signal }: { rooms: readonly string[]; signal: AbortSignal },
): Promise<Answer> {
  const token = rooms.map(tokenFor).find((one) => one !== undefined);
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const answer = async (): Promise<Answer> => {
    const response = await fetch(`/api/v1${path}?${new URLSearchParams(given).toString()}`, {
      signal,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    if (response.ok) return (await response.json()) as Answer;
    throw new ApiError(await whyRefused(response), response.status);
  };
  return answer().catch((error: unknown) => {
    if (signal.aborted || error instanceof ApiError) throw error;
    // Not at all, or not to the end.
    throw new ApiError('The server cannot be reached.');
  });
}

/** What a problem says. @see https://www.rfc-editor.org/rfc/rfc9457 */
async function whyRefused(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => undefined);
  if (typeof problem === 'object' && problem !== null && 'detail' in problem) {
    if (typeof problem.detail === 'string') return problem.detail;
  }
  return `The server answered ${response.status}.`;
}
