import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { temporaryFolder } from './postgres.ts';

const execute = promisify(execFile);

/** As seen from the other machine: up is what leaves it. */
export type Way = 'up' | 'down';
const ways = ['up', 'down'] as const;

/** What went one way, from when the network was made. */
export interface Traffic {
  /** UDP packets that came through. */
  passed: number;
  /** UDP packets that were lost by chance; and, of all packets, those that a limited rate had no room for. */
  dropped: number;
  /** What UDP carried on this machine's cable, in bytes without any headers: up after the losses, down before them. */
  udpBytes: number;
}

export interface Counters extends Record<Way, Traffic> {
  /** UDP packets that came to this machine, and that its programs did not take in time: they are lost, too. */
  missed: number;
}

/** Headers of each packet on a cable, in bytes. An interface counts them all, the SFU none of them. */
const ETHERNET = 14;
const IPV4_AND_UDP = 20 + 8;

/** Networks of eight addresses in 198.18.0.0/15, which is set aside for measurements (RFC 2544, C.2.2). */
const NETWORKS = 2 ** 14;
/** How long a packet may wait where a rate is limited, in ms. */
const QUEUE_MS = 100;
/** Rules of each way: what is lost, the rest of UDP, everything else. */
const RULES = 3;
let made = 0;

interface Rule {
  packets: number;
  /** With the IP headers. */
  bytes: number;
}

/**
 * Another machine, behind a router that loses packets and limits rates as it is told, and counts what it does. Both are
 * network namespaces: this machine - cable (veth) - router - cable - other machine. They are gone with the test.
 *
 * It takes a router: what a machine drops of its own traffic it does not lose, since `sendto` fails, and Chromium
 * then sends the packet again.
 */
export class Network {
  /** This machine's address on its cable. */
  readonly host: string;
  readonly #router: string;
  readonly #machine: string;
  /** This machine's end of its cable. */
  readonly #device: string;
  readonly #number: number;
  readonly #limited = new Set<Way>();
  /** The network that the other machine has its address in. */
  #present: number;

  private constructor(count: number) {
    const own = `${process.pid}-${count}`;
    this.#number = (process.pid * 4 + count) % NETWORKS;
    this.#present = this.#number;
    this.host = addressIn(this.#number, 1);
    this.#router = `trivium-${own}-router`;
    this.#machine = `trivium-${own}-machine`;
    this.#device = `tv${own}`;
  }

  /** @throws Error that says what to do where this process may not make networks. */
  static async create(t: Test): Promise<Network> {
    const network = new Network(made++);
    try {
      await removeLeftovers();
      await network.#connect(t);
    } catch (cause) {
      throw new Error(
        'This test makes a network of its own, which needs root: sudo npm test, or docker run --privileged',
        { cause },
      );
    }
    return network;
  }

  async #connect(t: Test): Promise<void> {
    const [router, machine] = [this.#router, this.#machine];
    for (const name of [router, machine]) {
      await ip('netns', 'add', name);
      t.teardown(() => ip('netns', 'delete', name));
    }
    // Devices go with their namespace, but not before its last process has.
    await ip('link', 'add', this.#device, ...cable('host', router));
    t.teardown(() => ip('link', 'delete', this.#device));
    await ip('-n', router, 'link', 'add', 'machine', ...cable('router', machine));
    for (const [namespace, device, last] of [
      [[], this.#device, 1],
      [['-n', router], 'host', 2],
      [['-n', router], 'machine', 5],
      [['-n', machine], 'router', 6],
    ] as const) {
      await ip(...namespace, 'address', 'add', `${addressIn(this.#number, last)}/30`, 'dev', device);
      await ip(...namespace, 'link', 'set', device, 'up');
    }
    await ip('-n', machine, 'link', 'set', 'lo', 'up');
    await ip('-n', machine, 'route', 'add', 'default', 'via', addressIn(this.#number, 5));
    await ip('route', 'add', `${addressIn(this.#number, 4)}/30`, 'via', addressIn(this.#number, 2));
    await inside(router, 'sh', '-c', FORWARD);
    for (const way of ways) {
      const accepted = [[...from(way), '-p', 'udp'], from(way)].map((rule) => [...rule, '-j', 'ACCEPT']);
      for (const rule of [this.#loss(way, 0), ...accepted]) {
        await inside(router, 'iptables', '-A', 'FORWARD', ...rule);
      }
    }
  }

  /** A program that runs another one, such as Chromium, on the other machine. @returns its path. */
  async program(t: Test, path: string): Promise<string> {
    const file = join(await temporaryFolder(t), 'program');
    await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.#machine} ${path} "$@"\n`, { mode: 0o755 });
    return file;
  }

  /** Loses a share, from 0 to 1, of all UDP packets by chance from now on. Their counter begins anew. */
  async lose(way: Way, ratio: number): Promise<void> {
    const place = 1 + ways.indexOf(way) * RULES;
    await inside(this.#router, 'iptables', '-R', 'FORWARD', String(place), ...this.#loss(way, ratio));
  }

  /** Limits everything, headers too, to a rate in bit/s from now on; undefined ends that. */
  async limit(way: Way, bitsPerSecond: number | undefined): Promise<void> {
    if (bitsPerSecond === undefined) {
      if (this.#limited.delete(way)) await this.#queue(way, 'delete', 'root');
      return;
    }
    const rate = ['rate', `${bitsPerSecond}bit`, 'burst', '5000', 'latency', `${QUEUE_MS}ms`];
    await this.#queue(way, 'replace', 'root', 'tbf', ...rate);
    this.#limited.add(way);
  }

  /** Lets nothing through, or nothing of UDP, either way from now on. */
  async cut(what: 'all' | 'udp' = 'all'): Promise<void> {
    await inside(this.#router, 'iptables', '-I', 'FORWARD', '1', ...dropped(what));
  }

  /** Ends a cut. */
  async mend(what: 'all' | 'udp' = 'all'): Promise<void> {
    await inside(this.#router, 'iptables', '-D', 'FORWARD', ...dropped(what));
  }

  /** Takes the other machine from its network and puts it into another one, where it has another address. */
  async changeAddress(): Promise<void> {
    const machine = this.#machine;
    this.#present = this.#present === this.#number ? (this.#number + NETWORKS / 2) % NETWORKS : this.#number;
    const [router, address] = [5, 6].map((last) => addressIn(this.#present, last));
    await ip('-n', this.#router, 'address', 'replace', `${router}/30`, 'dev', 'machine');
    await ip('route', 'replace', `${addressIn(this.#present, 4)}/30`, 'via', addressIn(this.#number, 2));
    await ip('-n', machine, 'link', 'set', 'router', 'down');
    await ip('-n', machine, 'address', 'flush', 'dev', 'router');
    await ip('-n', machine, 'address', 'add', `${address}/30`, 'dev', 'router');
    await ip('-n', machine, 'link', 'set', 'router', 'up');
    await ip('-n', machine, 'route', 'add', 'default', 'via', String(router));
  }

  /** Everything until now. */
  async counters(): Promise<Counters> {
    const [rules, ...queues] = await Promise.all([
      inside(this.#router, 'iptables-save', '-c', '-t', 'filter'),
      ...ways.map((way) => this.#dropsOfQueue(way)),
    ]);
    const all = [...rules.matchAll(/^\[(\d+):(\d+)\] -A FORWARD/gm)].map(([, packets, bytes]): Rule => ({
      packets: Number(packets),
      bytes: Number(bytes),
    }));
    const [up, down] = await Promise.all(
      ways.map((way, index) => this.#traffic(way, all.slice(index * RULES), queues[index] ?? 0)),
    );
    if (!up || !down) throw new Error('no counters');
    return { up, down, missed: await this.#missed() };
  }

  async #traffic(way: Way, rules: readonly Rule[], dropsOfQueue: number): Promise<Traffic> {
    const [lost, udp, other] = rules;
    if (!lost || !udp || !other) throw new Error('the router has no rules');
    const [packets, bytes] = await Promise.all([this.#cable(way, 'packets'), this.#cable(way, 'bytes')]);
    return {
      passed: udp.packets - dropsOfQueue,
      dropped: lost.packets + dropsOfQueue,
      udpBytes: bytes - packets * ETHERNET - other.bytes - (packets - other.packets) * IPV4_AND_UDP,
    };
  }

  /** A counter of this machine's end of its cable. */
  async #cable(way: Way, what: 'packets' | 'bytes'): Promise<number> {
    const counter = `${way === 'up' ? 'rx' : 'tx'}_${what}`;
    return Number(await readFile(`/sys/class/net/${this.#device}/statistics/${counter}`, 'utf8'));
  }

  /** @see https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html */
  async #missed(): Promise<number> {
    const bytes = this.host.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
    const address = bytes.reverse().join('').toUpperCase();
    const sockets = (await readFile('/proc/net/udp', 'utf8')).split('\n');
    return sockets
      .filter((socket) => socket.trim().split(/\s+/)[1]?.startsWith(`${address}:`))
      .reduce((sum, socket) => sum + Number(socket.trim().split(/\s+/).at(-1)), 0);
  }

  async #dropsOfQueue(way: Way): Promise<number> {
    if (!this.#limited.has(way)) return 0;
    const queues = JSON.parse(await this.#queue(way, 'show')) as { kind: string; drops: number }[];
    return queues.find(({ kind }) => kind === 'tbf')?.drops ?? 0;
  }

  /** What waits in the router to go this way. */
  async #queue(way: Way, verb: string, ...what: string[]): Promise<string> {
    const device = way === 'up' ? 'host' : 'machine';
    const { stdout } = await execute('tc', [
      ...['-n', this.#router, '-s', '-j', 'qdisc', verb, 'dev', device],
      ...what,
    ]);
    return stdout;
  }

  #loss(way: Way, ratio: number): string[] {
    const chance = ['-m', 'statistic', '--mode', 'random', '--probability', String(ratio)];
    return [...from(way), '-p', 'udp', ...chance, '-j', 'DROP'];
  }
}

/** An address in one of the networks. */
function addressIn(network: number, last: number): string {
  const at = network * 8 + last;
  return `198.${18 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`;
}

/** Has a namespace forward packets. In a container /proc/sys is read-only, but not for good: `ip netns exec` has mounts of its own. */
const FORWARD = `
file=/proc/sys/net/ipv4/ip_forward
[ "$(cat $file)" = 1 ] && exit
echo 1 > $file || { mount -o remount,bind,rw /proc/sys && echo 1 > $file; }`;

const dropped = (what: 'all' | 'udp'): string[] => [...(what === 'udp' ? ['-p', 'udp'] : []), '-j', 'DROP'];

const from = (way: Way): string[] => ['-i', way === 'up' ? 'machine' : 'host'];

/** The other end of a cable, and its namespace. */
const cable = (end: string, namespace: string): string[] => [
  ...['type', 'veth', 'peer', 'name', end, 'netns', namespace],
];

const ip = (...args: string[]) => execute('ip', args);

/** Removes what tests have left that were killed: their processes are gone. */
async function removeLeftovers(): Promise<void> {
  const { stdout } = await ip('netns', 'list');
  for (const [, name, pid] of stdout.matchAll(/^(trivium-(\d+)-\d+-(?:router|machine))\b/gm)) {
    if (!name || existsSync(`/proc/${pid}`)) continue;
    await ip('netns', 'delete', name).catch((error: unknown) => {
      // Another test may have been faster.
      if (existsSync(`/run/netns/${name}`)) throw error;
    });
  }
}

/** Runs a command in a namespace. @returns what it printed. */
const inside = async (namespace: string, ...command: string[]): Promise<string> =>
  (await execute('ip', ['netns', 'exec', namespace, ...command])).stdout;
