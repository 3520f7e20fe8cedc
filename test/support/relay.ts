import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Test } from 'tap';

/** A TCP way to a server that can be cut, as a network can. */
export interface Relay {
  url: string;
  /** Breaks every connection; new ones break too, until `mend`. */
  cut(): void;
  mend(): void;
  /** What the server says over the connections that there are now never arrives; new ones are whole. */
  stall(): void;
}

export async function testRelay(t: Test, target: string): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const fromServer = new Map<Socket, Socket>();
  let whole = true;
  const relay = createServer((client) => {
    if (!whole) {
      client.destroy();
      return;
    }
    const server = connect(Number(port), hostname);
    fromServer.set(server, client);
    server.on('close', () => fromServer.delete(server));
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => open.delete(from));
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const destroyAll = () => open.forEach((socket) => socket.destroy());
  t.teardown(() => {
    destroyAll();
    relay.close();
  });
  return {
    url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    cut: () => {
      whole = false;
      destroyAll();
    },
    mend: () => (whole = true),
    stall: () => fromServer.forEach((client, server) => server.unpipe(client)),
  };
}
