import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The key that signs the guests' cookies, made once and kept in the data directory for the owner's eyes only, so that
 * a browser is the same user after a restart.
 */
export async function keptCookieSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'cookie-secret');
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(path, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFile(path, 'utf8');
}
