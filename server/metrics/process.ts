import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { projectRoot } from '../root.ts';
import { gauge, PREFIX } from './definitions.ts';

let ofThisProcess: Registry | undefined;

/**
 * CPU, memory, event loop and garbage of this process. prom-client has no way to end what watches these, so whatever runs
 * in one process shares it; it keeps no process alive.
 */
export function processMetrics(): Registry {
  if (ofThisProcess) return ofThisProcess;
  ofThisProcess = new Registry();
  collectDefaultMetrics({ register: ofThisProcess, prefix: PREFIX });
  return ofThisProcess;
}

/** Which version runs. */
export function describeBuild(registry: Registry): void {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  gauge(registry, {
    name: 'build_info',
    help: 'Always 1; the label says which version of Trivium runs.',
    labelNames: ['version'],
    read: () => [[{ version }, 1]],
  });
}
