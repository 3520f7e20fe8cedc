import type { types } from 'mediasoup';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { AnnouncedAddresses } from '../../server/media/announced-addresses.ts';

const log = pino({ level: 'silent' });

const bound = (address: string, protocol: 'udp' | 'tcp', priority: number): types.IceCandidate => ({
  foundation: `${protocol}candidate`,
  priority,
  ip: address,
  address,
  protocol,
  port: address.includes(':') ? 6_000 : 4_000,
  type: 'host',
  ...(protocol === 'tcp' && { tcpType: 'passive' as const }),
});

t.test(
  'every announced address has a candidate of each protocol, the first one with the best priority',
  async (t) => {
    const announced = await AnnouncedAddresses.lookUp(['192.168.1.20', '203.0.113.7'], log);
    const candidates = announced.candidates([
      bound('0.0.0.0', 'udp', 1_076_302_079),
      bound('0.0.0.0', 'tcp', 1_076_276_479),
    ]);
    t.same(
      candidates.map(({ address, protocol }) => [address, protocol]),
      [
        ['192.168.1.20', 'udp'],
        ['192.168.1.20', 'tcp'],
        ['203.0.113.7', 'udp'],
        ['203.0.113.7', 'tcp'],
      ],
    );
    const priorities = candidates.map(({ priority }) => priority);
    t.equal(new Set(priorities).size, 4, 'each has its own');
    t.equal(Math.max(...priorities), priorities[0]);
    t.equal(new Set(candidates.map(({ foundation }) => foundation)).size, 4);
    for (const { ip, address, port, tcpType, protocol } of candidates) {
      t.match(
        { ip, port, tcpType },
        { ip: address, port: 4_000, tcpType: protocol === 'tcp' ? 'passive' : undefined },
      );
    }
  },
);

t.test('an address takes the port of its own family, where there is a socket of it', async (t) => {
  const announced = await AnnouncedAddresses.lookUp(['192.0.2.1', '2001:db8::1'], log);
  const port = (sockets: types.IceCandidate[]) =>
    announced.candidates(sockets).map(({ address, port }) => [address, port]);
  t.same(port([bound('0.0.0.0', 'udp', 1), bound('::', 'udp', 1)]), [
    ['192.0.2.1', 4_000],
    ['2001:db8::1', 6_000],
  ]);
  t.same(
    port([bound('0.0.0.0', 'udp', 1)]),
    [
      ['192.0.2.1', 4_000],
      ['2001:db8::1', 4_000],
    ],
    'behind a translation of addresses it may be another family',
  );
});

t.test('a name is looked up, and an address that comes twice is announced once', async (t) => {
  const announced = await AnnouncedAddresses.lookUp(['127.0.0.1', 'localhost'], log);
  t.equal(announced.addresses.filter((address) => address === '127.0.0.1').length, 1);
  t.notOk(announced.addresses.includes('localhost'));
  await announced.refresh();
  t.ok(announced.addresses.includes('127.0.0.1'));
});

t.test('a name without an address is refused, with the setting that has it', async (t) => {
  await t.rejects(AnnouncedAddresses.lookUp(['nowhere.invalid'], log), {
    code: 'unavailable',
    message: /ANNOUNCED_ADDRESS names nowhere\.invalid.*Correct the name/,
  });
});
