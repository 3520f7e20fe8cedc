import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode, SetupError } from './error.ts';
import { hashOf } from './hash.ts';
import { CommandError, run } from './run.ts';
import { withTemporaryFolder } from './temporary.ts';

const BUILT_FROM = '.built-from';
const SOURCES = [
  'client',
  'server/protocol',
  'server/stats/score',
  'vite.config.ts',
  'tsconfig.json',
  'package-lock.json',
];

/** Builds the client of the project in `root` into the folder `output`. */
export type BuildClient = (root: string, output: string, signal: AbortSignal) => Promise<void>;

/**
 * Sees to it that dist/client is built from the client's present sources; without these (a production image) any is
 * up to date.
 * @throws SetupError when it has to be built and cannot be; the signal's reason when aborted.
 */
export async function ensureClient(
  root: string,
  signal: AbortSignal,
  build: BuildClient = buildWithVite,
): Promise<void> {
  const built = join(root, 'dist', 'client');
  if (!existsSync(join(root, 'vite.config.ts'))) {
    if (existsSync(built)) return;
    throw new SetupError(
      `The browser's client is missing: neither ${built} nor the sources to build it from are there.`,
    );
  }
  const source = hashOf(root, SOURCES);
  if (builtFrom(built) === source) return;

  process.stderr.write('Building the client…\n');
  await withTemporaryFolder(join(root, 'dist'), 'client-new', async (folder) => {
    const output = join(folder, 'client');
    await build(root, output, signal);
    writeFileSync(join(output, BUILT_FROM), source);
    swap(output, built, join(folder, 'former'));
  });
}

function builtFrom(built: string): string | undefined {
  const file = join(built, BUILT_FROM);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Another process may be doing the same: whichever comes first stays, for it is as new. */
function swap(output: string, built: string, former: string): void {
  try {
    renameSync(built, former);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  try {
    renameSync(output, built);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

/** A process of its own: Vite sets NODE_ENV, and keeps some 100 MB. */
async function buildWithVite(root: string, output: string, signal: AbortSignal): Promise<void> {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) {
    throw new SetupError('The client has changed and Vite, which builds it, is not installed: run "npm ci".');
  }
  const args = [vite, 'build', '--config', join(root, 'vite.config.ts'), '--outDir', output, '--emptyOutDir'];
  const env = { ...process.env };
  delete env.NODE_ENV;
  try {
    await run(process.execPath, [...args, '--logLevel', 'warn'], { cwd: root, env, signal });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(`The client could not be built:\n${error.output}`);
  }
}
