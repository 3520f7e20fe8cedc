import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../addresses.ts';

/** What matters of the machine, or the container, that the server runs on. */
export interface Host {
  inContainer: boolean;
  /** Its own addresses on links of which the other end is on its host: of a container's bridge. */
  addresses: readonly string[];
}

/**
 * What keeps browsers from the media ports, and what to set, as a sentence; undefined where nothing is known to.
 *
 * @param listenAddress Where the ports are bound.
 * @param announced What browsers are told.
 */
export function reachabilityProblem(
  listenAddress: string,
  announced: readonly string[],
  { inContainer, addresses }: Host,
): string | undefined {
  const told = announced.join(' and ');
  if (isLoopback(listenAddress)) {
    if (inContainer)
      return `HOST=${listenAddress}: nothing outside this container can reach it. Set HOST=0.0.0.0.`;
    if (announced.every(isLoopback)) return undefined;
    return `HOST=${listenAddress} is this machine alone, but ${told} is announced to browsers. Set HOST=0.0.0.0.`;
  }
  if (inContainer && announced.every((address) => isLoopback(address) || addresses.includes(address))) {
    return (
      `Calls work from this container's host at most: browsers are told to send media to ${told}. ` +
      'For others set ANNOUNCED_ADDRESS to the address or name at which they reach the host.'
    );
  }
  if (announced.every(isLoopback)) {
    return (
      `Calls work from this machine alone: browsers are told to send media to ${told}. ` +
      'For others set ANNOUNCED_ADDRESS to the address or name at which they reach this machine.'
    );
  }
  return undefined;
}

/** The machine or container that this process runs on. */
export function thisHost(): Host {
  const bridged = Object.entries(networkInterfaces()).filter(([name]) => isBridged(name));
  return {
    inContainer:
      ['/.dockerenv', '/run/.containerenv'].some((file) => existsSync(file)) ||
      process.env['KUBERNETES_SERVICE_HOST'] !== undefined,
    addresses: bridged.flatMap(([, addresses]) => (addresses ?? []).map(({ address }) => address)),
  };
}

/**
 * A virtual link, whose other end has another index. With the host's own network a container has none as its way out.
 *
 * @see https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-net (iflink)
 */
function isBridged(name: string): boolean {
  try {
    const [index, link] = ['ifindex', 'iflink'].map((file) =>
      readFileSync(`/sys/class/net/${name}/${file}`, 'utf8'),
    );
    return index !== link;
  } catch {
    return false;
  }
}
