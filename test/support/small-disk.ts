import { execFileSync } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { temporaryFolder } from './postgres.ts';

const BALLAST = 'ballast';

/** A disk of its own, in memory, which is gone when the test ends. @throws Error where this process may not mount one. */
export async function smallDisk(t: Test, megabytes: number): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('Mounting a small disk needs root: sudo npm test');
  const folder = await temporaryFolder(t);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'trivium-test', folder]);
  t.teardown(() => execFileSync('umount', ['--lazy', folder]));
  return folder;
}

/** Leaves so many MB free on a disk. */
export async function fill(disk: string, megabytes = 0): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  await writeFile(join(disk, BALLAST), Buffer.alloc(bavail * bsize - megabytes * 1024 * 1024));
}

/** Gives back what `fill` took. */
export const empty = (disk: string): Promise<void> => rm(join(disk, BALLAST));
