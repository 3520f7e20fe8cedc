import { BlockList, isIP } from 'node:net';

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?$/;

/** The parts of a setting that is a list, separated by commas. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Addresses at which nothing is reached from elsewhere: unspecified, link-local, multicast, reserved, broadcast. */
const nobodys = new BlockList();
nobodys.addSubnet('0.0.0.0', 8, 'ipv4');
nobodys.addSubnet('169.254.0.0', 16, 'ipv4');
nobodys.addSubnet('224.0.0.0', 3, 'ipv4');
nobodys.addSubnet('::', 127, 'ipv6');
nobodys.addSubnet('fe80::', 10, 'ipv6');
nobodys.addSubnet('ff00::', 8, 'ipv6');

/**
 * Addresses of machines of one's own, where proxies are: loopback, private (RFC 1918, RFC 4193), shared (RFC 6598) and link-local
 * ones.
 */
const privates = new BlockList();
privates.addSubnet('127.0.0.0', 8, 'ipv4');
privates.addSubnet('10.0.0.0', 8, 'ipv4');
privates.addSubnet('172.16.0.0', 12, 'ipv4');
privates.addSubnet('192.168.0.0', 16, 'ipv4');
privates.addSubnet('100.64.0.0', 10, 'ipv4');
privates.addSubnet('169.254.0.0', 16, 'ipv4');
privates.addAddress('::1', 'ipv6');
privates.addSubnet('fc00::', 7, 'ipv6');
privates.addSubnet('fe80::', 10, 'ipv6');

/** An address that is not of the internet; also where it is written as IPv6 (`::ffff:10.0.0.7`) or has a zone (`fe80::1%eth0`). */
export function isPrivateAddress(text: string): boolean {
  const [address = ''] = text.split('%', 1);
  const family = isIP(address);
  return family !== 0 && privates.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an address is the machine itself. */
export function isLoopback(address: string): boolean {
  return loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** A host name or an address at which something can be reached: no port, no URL, not `0.0.0.0`, not `fe80::1%eth0`. */
export function isReachableHost(text: string): boolean {
  const family = isIP(text);
  if (family === 0) return HOST_NAME.test(text) && /[A-Za-z]/.test(text);
  return (
    text === '::1' || (!/%|^::ffff:/i.test(text) && !nobodys.check(text, family === 4 ? 'ipv4' : 'ipv6'))
  );
}

/** An address, or a network in CIDR notation (RFC 4632). */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Ports `first-last`, or undefined where the text is none; `0` stands for as many free ones as are wanted. */
export function portRange(text: string): { first: number; count: number } | undefined {
  if (text === '0') return { first: 0, count: Infinity };
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first >= 1 && last >= first && last <= 65535 ? { first, count: last - first + 1 } : undefined;
}
