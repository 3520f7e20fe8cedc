import { projectRoot } from '../root.ts';
import { ensureClient } from './client.ts';
import { prepare } from './prepare.ts';
import { ensureWorker } from './worker/ensure.ts';

await prepare(async (signal) => {
  await ensureWorker(projectRoot, signal);
  await ensureClient(projectRoot, signal);
});
await import('../main.ts');
