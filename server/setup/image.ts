import { projectRoot } from '../root.ts';
import { prepare } from './prepare.ts';
import { ensureWorker } from './worker/ensure.ts';

await prepare((signal) => ensureWorker(projectRoot, signal));
