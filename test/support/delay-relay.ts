import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Test } from 'tap';
import { median } from './median.ts';

export interface DelayRelayOptions {
  /** The address that clients send to. */
  listen: string;
  /** Where packets are sent on to, at the same ports. */
  target: string;
  ports: readonly number[];
  /** How long each packet is kept, in ms, either way. */
  delayMs: number;
}

/** A UDP way to a server that takes a while. */
export interface DelayRelay {
  /** What a packet was really kept for, there and back together, in ms: the median of all until now. Timers are late. */
  readonly addedMs: number;
}

/** Keeps every packet for a time, both ways, until the test ends. Each client reaches the server from a port of its own. */
export async function delayRelay(t: Test, options: DelayRelayOptions): Promise<DelayRelay> {
  const open: Socket[] = [];
  const [there, back] = [new Delay(options.delayMs), new Delay(options.delayMs)];
  t.teardown(() => {
    there.end();
    back.end();
    for (const socket of open) socket.close();
  });

  /** The way on of one client. */
  const flowTo = (port: number, answer: (packet: Buffer) => void): ((packet: Buffer) => void) => {
    const socket = createSocket('udp4');
    open.push(socket);
    socket.on('message', (packet) => back.keep(() => answer(packet)));
    socket.bind(0, options.listen);
    return (packet) => there.keep(() => socket.send(packet, port, options.target));
  };

  for (const port of options.ports) {
    const front = createSocket('udp4');
    open.push(front);
    const flows = new Map<string, (packet: Buffer) => void>();
    front.on('message', (packet, client) => {
      const name = `${client.address}:${client.port}`;
      let flow = flows.get(name);
      if (!flow) {
        flow = flowTo(port, (answer) => front.send(answer, client.port, client.address));
        flows.set(name, flow);
      }
      flow(packet);
    });
    front.bind(port, options.listen);
    await once(front, 'listening');
  }
  return {
    get addedMs() {
      return median(there.kept) + median(back.kept);
    },
  };
}

/** One way. What comes first goes first: all are kept for the same time. */
class Delay {
  /** How long each packet was, in ms. */
  readonly kept: number[] = [];
  readonly #ms: number;
  readonly #waiting = new Set<NodeJS.Timeout>();

  constructor(ms: number) {
    this.#ms = ms;
  }

  keep(send: () => void): void {
    const came = performance.now();
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      this.kept.push(performance.now() - came);
      send();
    }, this.#ms);
    this.#waiting.add(timer);
  }

  /** What waits now is never sent. */
  end(): void {
    for (const timer of this.#waiting) clearTimeout(timer);
  }
}
