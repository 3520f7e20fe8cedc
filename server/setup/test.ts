import { projectRoot } from '../root.ts';
import { ensureClient } from './client.ts';
import { ensureInstalled, type Need, thisMachine } from './debian.ts';
import { prepare } from './prepare.ts';
import { ensureWorker } from './worker/ensure.ts';

const why = 'for the tests';
const needs: readonly Need[] = [
  { package: 'chromium', upstream: 'Chromium', command: 'chromium', why },
  {
    package: 'chromium-headless-shell',
    upstream: 'Chromium’s headless shell',
    command: 'chromium-headless-shell',
    why,
  },
  { package: 'coturn', upstream: 'coturn', command: 'turnserver', service: 'coturn', why },
  { package: 'iproute2', upstream: 'iproute2', command: 'ip', why },
  { package: 'iptables', upstream: 'iptables', command: 'iptables', why },
];

await prepare(async (signal) => {
  await ensureInstalled(needs, thisMachine(signal));
  await ensureWorker(projectRoot, signal);
  await ensureClient(projectRoot, signal);
});
