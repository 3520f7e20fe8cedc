import { open, readFile, rename } from 'node:fs/promises';
import { hasCode } from './error.ts';

/** The file that takes PostgreSQL's own output. */
export interface ServerLog {
  readonly path: string;
  readonly fd: number;
  /** The last lines, for an error message. */
  tail(): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a fresh log and keeps the former one as `<path>.old`. */
export async function openServerLog(path: string): Promise<ServerLog> {
  try {
    await rename(path, `${path}.old`);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  const file = await open(path, 'a', 0o600);
  return {
    path,
    fd: file.fd,
    tail: async () => (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-15).join('\n'),
    [Symbol.asyncDispose]: () => file.close(),
  };
}
