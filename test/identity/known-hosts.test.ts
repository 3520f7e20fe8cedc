import fc from 'fast-check';
import t from '../support/tap.ts';
import { readConfig } from '../../server/config.ts';
import { hostName, KnownHosts } from '../../server/identity/known-hosts.ts';
import { Origins } from '../../server/identity/origins.ts';

const settings = {
  PUBLIC_URL: 'https://call.example.org',
  ANNOUNCED_ADDRESS: 'media.example.org,203.0.113.7',
  RELAY_ADDRESS: 'relay.example.org',
  ALLOWED_ORIGINS: 'https://shop.example,null',
};
const config = readConfig(settings);
const hosts = new KnownHosts(config);
const origins = new Origins(config, hosts);
const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
const withPort = (name: string, number: number | undefined) =>
  number === undefined ? name : `${name}:${number}`;

t.test('names that are announced, or that origins have, are known with any port', (t) => {
  for (const name of ['call.example.org', 'media.example.org', 'relay.example.org', 'shop.example']) {
    fc.assert(fc.property(port, (number) => hosts.knows(withPort(name, number))));
  }
  t.notOk(hosts.knows('null'));
  t.notOk(hosts.knows(''));
  t.end();
});

t.test('every address is known, and no other name, nor the page of one', (t) => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((one) => `[${one}]`),
  );
  fc.assert(fc.property(address, port, (one, number) => hosts.knows(withPort(one, number))));
  const domain = fc.domain().filter((one) => !one.endsWith('.localhost'));
  fc.assert(
    fc.property(domain, port, (one, number) => {
      const host = withPort(one, number);
      return !hosts.knows(host) && !origins.mayUse(`http://${host}`, host);
    }),
  );
  t.pass();
  t.end();
});

t.test('whatever stands in Host or Origin makes no error', (t) => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl({ withQueryParameters: true }),
    fc.webAuthority({ withPort: true, withUserInfo: true, withIPv4Extended: true, withIPv6: true }),
  );
  fc.assert(
    fc.property(odd, odd, (host, origin) => {
      hosts.knows(host);
      origins.mayUse(origin, host);
      const name = hostName(host);
      return name === undefined || hostName(name) === name;
    }),
  );
  t.pass();
  t.end();
});

t.test('pages of this machine may use the server, but not in production', (t) => {
  const [secret, key] = ['f3a1c97be2d5084690ac31d87b6e52f4', 'key'];
  const production = readConfig({
    ...settings,
    NODE_ENV: 'production',
    API_SECRET: secret,
    API_KEY: key,
  });
  const strict = new Origins(production, new KnownHosts(production));
  for (const origin of [
    'http://localhost:5173',
    'https://localhost',
    'http://app.localhost:8080',
    'http://127.0.0.1:5173',
    'http://127.1.2.3',
    'http://[::1]:5173',
  ]) {
    t.equal(origins.mayUse(origin, 'localhost:3000'), true, origin);
    t.equal(strict.mayUse(origin, 'localhost:3000'), false, origin);
  }
  for (const origin of [
    'null ',
    '',
    'file://',
    'foo://localhost',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://192.168.1.20:5173',
    'http://evil.example',
  ]) {
    t.equal(origins.mayUse(origin, 'localhost:3000'), false, origin);
  }
  t.end();
});
