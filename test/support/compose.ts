import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { projectRoot } from '../../server/root.ts';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './postgres.ts';

const execute = promisify(execFile);

export interface Ports {
  http: number;
  https: number;
  turn: number;
  turns: number;
  /** Two in a row, for two workers. */
  rtc: number;
}

/** The project's own compose files, started on an engine under a name, ports and a network of this test's own. */
export class ComposeProject {
  readonly name: string;
  readonly ports: Ports;
  /** The first three numbers of its network's addresses. */
  readonly net: string;
  readonly envFile: string;
  readonly #files: string[];

  private constructor(name: string, envFile: string, files: string[], ports: Ports, net: string) {
    this.name = name;
    this.envFile = envFile;
    this.#files = files;
    this.ports = ports;
    this.net = net;
  }

  /** Makes .env by the documented command and adds `settings`; everything is gone when the test ends. */
  static async create(
    t: Test,
    {
      files = ['docker-compose.yml'],
      settings = {},
    }: { files?: string[]; settings?: Record<string, string> } = {},
  ): Promise<ComposeProject> {
    await engine();
    const envFile = join(await temporaryFolder(t), '.env');
    await execute('sh', [join(projectRoot, 'make-env.sh'), envFile]);
    const [http, https, redirect, turn, turns] = await Promise.all(
      Array.from({ length: 5 }, () => freePort()),
    );
    const rtc = await freePort(2);
    const ports: Ports = { http, https, turn, turns, rtc } as Ports;
    const net = `10.213.${100 + (process.pid % 100)}`;
    const project = new ComposeProject(`trivium-test-${process.pid}`, envFile, files, ports, net);
    await project.set({
      TRIVIUM_IMAGE: project.name,
      MEDIA_NET: net,
      HTTP_PORT: String(http),
      HTTPS_PORT: String(https),
      HTTP_REDIRECT_PORT: String(redirect),
      TURN_PORT: String(turn),
      TURN_TLS_PORT: String(turns),
      RTC_PORTS: `${rtc}-${rtc + 1}`,
      ...settings,
    });
    t.teardown(() => project.#remove());
    return project;
  }

  /** Sets variables of .env; they hold from the next `up` on. */
  async set(settings: Record<string, string>): Promise<void> {
    const before = (await readFile(this.envFile, 'utf8')).split('\n');
    const kept = before.filter((line) => !Object.keys(settings).some((name) => line.startsWith(`${name}=`)));
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    await writeFile(this.envFile, [...kept, ...lines, ''].join('\n'));
  }

  /** What a variable of .env is. */
  async setting(name: string): Promise<string> {
    return new RegExp(`^${name}=(.*)$`, 'm').exec(await readFile(this.envFile, 'utf8'))?.[1] ?? '';
  }

  /** Builds what has changed, starts everything, and waits until every part is healthy. */
  async up(): Promise<void> {
    await this.compose('up', '--build', '--detach', '--wait');
  }

  /** Runs `docker compose`. @returns what it printed. @throws Error with its output where it fails. */
  async compose(...args: string[]): Promise<string> {
    const files = this.#files.flatMap((file) => ['--file', join(projectRoot, file)]);
    return docker('compose', '--project-name', this.name, '--env-file', this.envFile, ...files, ...args);
  }

  /** @throws Error where something of it is still there afterwards. */
  async #remove(): Promise<void> {
    await this.compose('down', '--volumes', '--remove-orphans');
    await docker('image', 'rm', this.name);
    const label = `label=com.docker.compose.project=${this.name}`;
    const left = await Promise.all([
      docker('ps', '--all', '--quiet', '--filter', label),
      docker('network', 'ls', '--quiet', '--filter', label),
      docker('volume', 'ls', '--quiet', '--filter', label),
      docker('image', 'ls', '--quiet', this.name),
    ]);
    if (left.some((ids) => ids !== '')) throw new Error(`left behind by ${this.name}: ${left.join(' ')}`);
  }

  /** The containers that there are, running or not, as `docker inspect` shows them. */
  async containers(): Promise<Container[]> {
    const ids = (await this.compose('ps', '--all', '--quiet')).split('\n').filter(Boolean);
    return JSON.parse(await docker('inspect', ...ids)) as Container[];
  }
}

/** What of `docker inspect` matters here. */
export interface Container {
  Id: string;
  Config: { User: string; Labels: Record<string, string> };
  State: { ExitCode: number; Status: string; Health?: { Status: string } };
  HostConfig: {
    ReadonlyRootfs: boolean;
    CapDrop: string[] | null;
    CapAdd: string[] | null;
    SecurityOpt: string[] | null;
    PortBindings: Record<string, unknown>;
    /** In bytes. */
    Memory: number;
    PidsLimit: number | null;
  };
  NetworkSettings: { Networks: Record<string, { IPAddress: string; Gateway: string }> };
}

export const serviceOf = ({ Config }: Container): string => Config.Labels['com.docker.compose.service'] ?? '';

/** Runs `docker`. @returns what it printed. @throws Error with its output where it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await execute('docker', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

async function engine(): Promise<void> {
  try {
    await docker('info');
    await docker('compose', 'version');
  } catch (error) {
    throw new Error(
      `No Docker engine with Compose answers: ${error instanceof Error ? error.message : String(error)}\n` +
        'Install them (Debian 13: sudo apt-get install -y docker.io docker-compose docker-buildx), or name one by DOCKER_HOST.',
    );
  }
}
