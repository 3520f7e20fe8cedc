import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, type Need, thisMachine } from '../debian.ts';
import { ninjaProgress } from '../progress.ts';
import { run } from '../run.ts';
import { applyEdits } from './edits.ts';
import { buildLibsrtp } from './libsrtp.ts';

const why = "to build mediasoup's worker";
const needs: readonly Need[] = [
  { package: 'g++', upstream: 'a C++20 compiler', command: 'g++', why },
  { package: 'meson', upstream: 'Meson 1.0', command: 'meson', why },
  { package: 'ninja-build', upstream: 'Ninja', command: 'ninja', why },
  { package: 'pkg-config', upstream: 'pkg-config', command: 'pkg-config', why },
  { package: 'libuv1-dev', upstream: 'libuv', library: 'libuv', why },
  { package: 'libssl-dev', upstream: 'OpenSSL 3', library: 'openssl', why },
  { package: 'libsrtp2-dev', upstream: 'libsrtp 2', library: 'libsrtp2', why },
  { package: 'libabsl-dev', upstream: 'abseil', library: 'absl_flat_hash_map', why },
  { package: 'libflatbuffers-dev', upstream: 'flatbuffers', library: 'flatbuffers', why },
  { package: 'flatbuffers-compiler', upstream: 'flatc', command: 'flatc', why },
  { package: 'patch', upstream: 'patch', command: 'patch', why },
  { package: 'xz-utils', upstream: 'xz', command: 'xz', why },
];

// What upstream's own installation makes there, and the archives that it would download.
const NOT_COPIED = ['out', 'prebuild', 'pip_invoke', 'subprojects'];

/**
 * Builds the worker from mediasoup's sources and the system's libraries.
 * @param folder where it is built: not there yet; some 80 MB
 * @returns the path of the worker, stripped
 * @throws SetupError when something is missing here; CommandError when the build fails.
 */
export async function buildWorker(
  mediasoup: string,
  overlay: string,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  await ensureInstalled(needs, thisMachine(signal));
  const sources = join(folder, 'worker');
  const original = join(mediasoup, 'worker');
  const unwanted = new Set(NOT_COPIED.map((name) => join(original, name)));
  cpSync(original, sources, { recursive: true, filter: (path) => !unwanted.has(path) });
  cpSync(overlay, sources, { recursive: true });
  applyEdits(sources);

  const output = join(folder, 'out');
  const libsrtp = await buildLibsrtp(join(folder, 'libsrtp'), signal);
  const env = libsrtp === undefined ? process.env : { ...process.env, PKG_CONFIG_PATH: libsrtp };
  const release = ['--buildtype=release', '-Db_ndebug=true', '-Db_pie=true', '--wrap-mode=nodownload'];
  await run('meson', ['setup', ...release, output, sources], { signal, env });
  // Upstream does not tell Ninja that libwebrtc's sources include the generated headers: on a busy machine they lose.
  await run('ninja', ['-C', output, 'fbs/FBS/notification.h'], { signal });
  const onLine = ninjaProgress("Building mediasoup's worker", process.stderr);
  await run('ninja', ['-C', output, 'mediasoup-worker'], { signal, onLine });

  const worker = join(output, 'mediasoup-worker');
  await run('strip', [worker], { signal });
  return worker;
}
