import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './error.ts';
import { CommandError, run } from './run.ts';

/** Something that has to be on the machine, and how to tell that it is: by a command, by a pkg-config module. */
export type Need = {
  /** The name of Debian's package. */
  package: string;
  /** What others than Debian call it. */
  upstream: string;
  /** The end of "this is needed …": `for the tests`. */
  why: string;
  /** A service that the package would start and that must not run because of us. */
  service?: string;
} & ({ command: string } | { library: string });

/** As much of a machine as an installation needs. */
export interface Machine {
  readonly isRoot: boolean;
  readonly hasApt: boolean;
  readonly hasSystemd: boolean;
  installed(need: Need): boolean;
  run(command: string, args: readonly string[]): Promise<void>;
  say(line: string): void;
}

// One apt at a time among ours; an installation that was killed is mended first; lists that cannot be renewed may do.
const INSTALL = `
dpkg --configure -a
apt-get update
exec apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"`;

/**
 * Installs from Debian what is missing; returns at once, without apt, when nothing is.
 * @throws SetupError when something is missing and this user or this system cannot install it, or apt fails.
 */
export async function ensureInstalled(needs: readonly Need[], machine: Machine): Promise<void> {
  const missing = needs.filter((need) => !machine.installed(need));
  if (missing.length === 0) return;

  const packages = missing.map((need) => need.package);
  const why = [...new Set(missing.map((need) => need.why))].join(', ');
  if (!machine.hasApt) {
    const names = missing.map((need) => need.upstream).join(', ');
    throw new SetupError(`Missing (${why}): ${names}. Install them with this system's package manager.`);
  }
  if (!machine.isRoot) {
    const command = `sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`;
    throw new SetupError(
      `Some Debian packages are missing (${why}). Install them, then start again:\n${command}`,
    );
  }

  machine.say(`Installing from Debian: ${packages.join(' ')} (${why})`);
  try {
    await machine.run('flock', ['/var/cache/apt', 'sh', '-c', INSTALL, 'sh', ...packages]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SetupError(`apt-get could not install ${packages.join(' ')} (${why}):\n${error.output}`);
  }
  if (!machine.hasSystemd) return;
  for (const { service } of missing) {
    if (service !== undefined) await machine.run('systemctl', ['disable', '--now', service]);
  }
}

/** The machine that this process runs on; aborting the signal ends an installation. */
export function thisMachine(signal: AbortSignal): Machine {
  return {
    isRoot: process.getuid?.() === 0,
    hasApt: onPath('apt-get'),
    hasSystemd: existsSync('/run/systemd/system'),
    installed: (need) =>
      'command' in need
        ? onPath(need.command)
        : spawnSync('pkg-config', ['--exists', need.library]).status === 0,
    run: (command, args) =>
      run(command, args, { signal, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }),
    say: (line) => process.stderr.write(`${line}\n`),
  };
}

function onPath(command: string): boolean {
  // An ordinary user's PATH on Debian lacks the folders of ip and iptables.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
