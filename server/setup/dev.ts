import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.ts';
import { projectRoot } from '../root.ts';
import { ensureWorker } from './worker/ensure.ts';

/**
 * `npm run dev`: the compiler, the server and Vite side by side, each watching the sources. The page that Vite serves
 * reloads on save and hands signalling and API on to the server. When one of the three ends, all do.
 */
const root = projectRoot;
await prepare((signal) => ensureWorker(root, signal));

const bin = (name: string, file: string) => join(root, 'node_modules', name, file);
const commands = [
  [bin('typescript', 'bin/tsc'), '-b', 'server', '--watch', '--preserveWatchOutput'],
  ['--watch', '--watch-preserve-output', '--enable-source-maps', join(root, 'dist/server/main.js')],
  [bin('vite', 'bin/vite.js')],
];
const children = commands.map((args) => spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }));

const end = (): void => children.forEach((child: ChildProcess) => child.kill('SIGTERM'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
for (const child of children) child.once('exit', end);
