import { join } from 'node:path';
import { projectRoot } from '../../server/root.ts';
import { ensureClient } from '../../server/setup/client.ts';

/** The folder of the browser's client, built anew where its sources have changed. */
export async function builtClient(): Promise<string> {
  await ensureClient(projectRoot, AbortSignal.timeout(60_000));
  return join(projectRoot, 'dist', 'client');
}
