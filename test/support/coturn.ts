import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { projectRoot } from '../../server/root.ts';
import { temporaryFolder } from './postgres.ts';
import { TurnClient, type Endpoint } from './turn-client.ts';

interface CoturnOptions {
  /** Each may sign credentials: two while they are exchanged. */
  secrets: readonly string[];
  /** The only address that it relays to. */
  allowedPeer: string;
}

const ADDRESS = '127.0.0.1';
const PORTS_TRIED = 5;

/**
 * The real coturn on a port of this test's own, with the project's turnserver.conf, until the test ends.
 * @throws Error if it is not installed, ends by itself, or does not answer within 5 s.
 */
export async function testCoturn(t: Pick<Test, 'teardown'>, options: CoturnOptions): Promise<Endpoint> {
  for (let tried = 0; tried < PORTS_TRIED; tried += 1) {
    const port = await freePort();
    if (port !== undefined && (await start(t, port, options))) return { address: ADDRESS, port };
  }
  throw new Error(`each of ${PORTS_TRIED} ports for coturn was taken`);
}

/** @returns false if another program was faster to take the port. */
async function start(t: Pick<Test, 'teardown'>, port: number, options: CoturnOptions): Promise<boolean> {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'turnserver.conf');
  await writeFile(file, await configuration(folder, port, options));
  // 4.6.1 complains of options it does not know before it has read the file's own log-file, in /var/log.
  const child = spawn('turnserver', ['-c', file, '--log-file=stdout'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(child, 'spawn').catch((cause: unknown) => {
    throw new Error('turnserver does not start. To install it: sudo apt-get install coturn', { cause });
  });
  const closed = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await closed;
  };
  t.teardown(stop);

  let output = '';
  const taken = new Promise<boolean>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => {
        output += text.toString();
        if (output.includes('Cannot bind')) resolve(false);
      });
  });
  const ended = closed.then(() => {
    throw new Error(`coturn ended: ${output}`);
  });
  const client = await TurnClient.open(t, { address: ADDRESS, port });
  const answered = client.reachable().then(
    () => true,
    (cause: unknown) => {
      throw new Error(`coturn does not answer: ${output}`, { cause });
    },
  );
  const ready = await Promise.race([answered, taken, ended]);
  if (!ready) await stop();
  return ready;
}

async function configuration(
  folder: string,
  port: number,
  { secrets, allowedPeer }: CoturnOptions,
): Promise<string> {
  return [
    await readFile(join(projectRoot, 'turnserver.conf'), 'utf8'),
    `listening-ip=${ADDRESS}`,
    `relay-ip=${ADDRESS}`,
    `listening-port=${port}`,
    `allowed-peer-ip=${allowedPeer}`,
    ...secrets.map((secret) => `static-auth-secret=${secret}`),
    `pidfile=${join(folder, 'pid')}`,
    `userdb=${join(folder, 'turndb')}`,
    '',
  ].join('\n');
}

/** A port that is free for TCP and, unless the answer is undefined, for UDP. */
async function freePort(): Promise<number | undefined> {
  const tcp = createServer().listen(0, ADDRESS);
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4').bind(port, ADDRESS);
  try {
    await once(udp, 'listening');
    return port;
  } catch {
    return undefined;
  } finally {
    await Promise.all([tcp, udp].map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
