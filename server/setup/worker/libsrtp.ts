import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, run } from '../run.ts';

const LONGEST_MS = 120_000;

/**
 * Builds Debian's libsrtp 2 from its sources on OpenSSL, as a static library: Debian's own build is on NSS, and costs
 * the worker 10-13 % more CPU a packet. The sources come from where this machine gets its packages, by a list that
 * exists for this call alone; no need to be root.
 * @param folder where it is built: not there yet
 * @returns the folder for PKG_CONFIG_PATH; undefined, after a line that says so, where the sources are not to be had.
 */
export async function buildLibsrtp(folder: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const sources = await fetchSources(folder, signal);
    return await build(sources, join(folder, 'out'), join(folder, 'installed'), signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(
      "libsrtp's sources cannot be fetched or built: using the packaged library, somewhat slower\n",
    );
    return undefined;
  }
}

async function fetchSources(folder: string, signal: AbortSignal): Promise<string> {
  const [lists, downloads, sources] = [
    join(folder, 'lists'),
    join(folder, 'downloads'),
    join(folder, 'sources'),
  ];
  const [state, cache] = [join(folder, 'state'), join(folder, 'cache')];
  for (const path of [
    lists,
    downloads,
    sources,
    join(state, 'partial'),
    join(cache, 'archives', 'partial'),
  ]) {
    mkdirSync(path, { recursive: true });
  }
  for (const { name, text } of sourceLists('/etc/apt')) writeFileSync(join(lists, name), text);

  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': lists,
    'Dir::State::lists': state,
    'Dir::Cache': cache,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...options, 'update'], { signal, timeoutMs: LONGEST_MS });
  const download = ['source', '--download-only', 'libsrtp2'];
  await run('apt-get', [...options, ...download], { signal, cwd: downloads, timeoutMs: LONGEST_MS });

  for (const archive of readdirSync(downloads).filter((name) => name.includes('.tar.'))) {
    const level = archive.includes('.debian.') ? [] : ['--strip-components=1'];
    await run('tar', ['-xf', join(downloads, archive), '-C', sources, ...level], { signal });
  }
  const patches = join(sources, 'debian', 'patches');
  const series = existsSync(join(patches, 'series')) ? readFileSync(join(patches, 'series'), 'utf8') : '';
  for (const line of series.split('\n')) {
    const [patch = ''] = line.trim().split(/\s/);
    if (patch === '' || patch.startsWith('#')) continue;
    await run('patch', ['-p1', '--batch', '-d', sources, '-i', join(patches, patch)], { signal });
  }
  return sources;
}

/** This machine's lists of packages (the folder `etc`), made into lists of their sources. */
export function sourceLists(etc: string): { name: string; text: string }[] {
  const parts = join(etc, 'sources.list.d');
  const files = [
    ...['sources.list']
      .filter((name) => existsSync(join(etc, name)))
      .map((name) => ({ name, path: join(etc, name) })),
    ...(existsSync(parts) ? readdirSync(parts) : []).map((name) => ({ name, path: join(parts, name) })),
  ];
  return files
    .filter(({ name }) => name.endsWith('.list') || name.endsWith('.sources'))
    .map(({ name, path }) => ({
      name,
      text: readFileSync(path, 'utf8')
        .replace(/^deb-src\s.*$/gm, '')
        .replace(/^deb(?=\s)/gm, 'deb-src')
        .replace(/^Types:.*$/gm, 'Types: deb-src'),
    }));
}

async function build(
  sources: string,
  output: string,
  installed: string,
  signal: AbortSignal,
): Promise<string> {
  const off = ['tests', 'pcap-tests', 'doc', 'crypto-library-kdf'].map((option) => `-D${option}=disabled`);
  const what = ['--buildtype=release', '--default-library=static', '-Dcrypto-library=openssl', ...off];
  await run('meson', ['setup', ...what, `--prefix=${installed}`, '--libdir=lib', output, sources], {
    signal,
  });
  await run('ninja', ['-C', output, 'install'], { signal });
  return join(installed, 'lib', 'pkgconfig');
}
