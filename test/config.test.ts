import t from './support/tap.ts';
import { ConfigError, readConfig } from '../server/config.ts';

t.test('without any setting, a call on one machine needs none', (t) => {
  const config = readConfig({});
  t.match(config, { HOST: '127.0.0.1', PORT: 3000, ANNOUNCED_ADDRESS: '127.0.0.1' });
  t.equal(config.DATABASE_URL, undefined);
  t.end();
});

t.test('an empty variable counts as unset', (t) => {
  t.equal(readConfig({ PORT: '', DATABASE_URL: '' }).PORT, 3000);
  t.end();
});

t.test('numbers are read as numbers', (t) => {
  t.equal(readConfig({ PORT: '8080' }).PORT, 8080);
  t.end();
});

t.test('the configuration cannot be changed afterwards', (t) => {
  t.ok(Object.isFrozen(readConfig({})));
  t.end();
});

t.test('a wrong value is refused by name, with the value and what it is for', (t) => {
  for (const [name, value] of [
    ['PORT', 'abc'],
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['PORT', '1.5'],
    ['LOG_LEVEL', 'loud'],
    ['WORKERS', '0'],
    ['MAX_ROOMS', 'Infinity'],
    ['STATS_INTERVAL_MS', '999'],
    ['STATS_INTERVAL_MS', '60001'],
  ] as const) {
    t.throws(() => readConfig({ [name]: value }), {
      name: 'ConfigError',
      message: new RegExp(`^${name}="${value}" must be .+\\. .+`),
    });
  }
  t.end();
});

t.test('every wrong setting is named at once', (t) => {
  t.throws(() => readConfig({ PORT: 'abc', WORKERS: 'many' }), { message: /PORT=[^]*\nWORKERS=/ });
  t.end();
});

t.test('addresses, ports and networks are checked', (t) => {
  for (const [name, values] of Object.entries({
    HOST: ['localhost', '1.2.3', '::g'],
    ANNOUNCED_ADDRESS: [
      '0.0.0.0',
      '::',
      '192.168.1.20:44400',
      'https://example.org',
      '999.1.1.1',
      'a b',
      ',',
      '10.0.0.1,0.0.0.0',
      '255.255.255.255',
      '224.0.0.1',
      '169.254.1.1',
      '::ffff:10.0.0.1',
      'fe80::1%eth0',
    ],
    RTC_PORTS: ['44400', '2-1', '0-5', '65535-65536', 'a-b', '44400-'],
    TRUST_PROXY: ['example.org', '10.0.0.0/33', '10.0.0.0/8/8', '0.0.0.0/0', '::/129', 'true'],
    TURN_HOST: ['turn:example.org', '0.0.0.0'],
    PUBLIC_URL: ['example.org'],
    FRAME_ANCESTORS: [
      'shop.example',
      "'self'",
      'https://a.example/x',
      'https://a.example; script-src *',
      ',',
    ],
  })) {
    for (const value of values) {
      t.throws(
        () => readConfig({ [name]: value }),
        { name: 'ConfigError', message: `${name}="${value}" must` },
        value,
      );
    }
  }
  for (const [name, value] of [
    ['ANNOUNCED_ADDRESS', '192.168.1.20, 203.0.113.7,2001:db8::7,call.example.org'],
    ['TRUST_PROXY', '10.0.0.7, 10.0.0.0/8, fd00::/8'],
    ['RTC_PORTS', '40000-40000'],
    ['FRAME_ANCESTORS', 'self, https://shop.example, http://*.b.example:8443'],
  ] as const) {
    t.equal(readConfig({ [name]: value })[name], value);
  }
  t.end();
});

t.test('there are as many workers as ports, at most', (t) => {
  t.equal(readConfig({ RTC_PORTS: '40000-40000' }).WORKERS, 1);
  t.equal(readConfig({ RTC_PORTS: '0', WORKERS: '200' }).WORKERS, 200);
  t.throws(() => readConfig({ RTC_PORTS: '40000-40001', WORKERS: '3' }), {
    name: 'ConfigError',
    message: /^WORKERS=3 needs as many ports, and RTC_PORTS=40000-40001 has 2/,
  });
  t.end();
});

t.test('a relay needs its address and its secret, which must be long', (t) => {
  const secret = 's'.repeat(32);
  t.throws(() => readConfig({ TURN_HOST: '127.0.0.1' }), {
    message: /^TURN_HOST and TURN_SECRETS need each other/,
  });
  t.throws(() => readConfig({ TURN_SECRETS: secret }), {
    message: /^TURN_HOST and TURN_SECRETS need each other/,
  });
  t.throws(() => readConfig({ TURN_HOST: '127.0.0.1', TURN_SECRETS: `${secret},short` }), {
    message: /^TURN_SECRETS=\(not shown\) must be secrets of 32 characters or more/,
  });
  t.throws(() => readConfig({ TURN_HOST: '127.0.0.1', TURN_SECRETS: ',' }), { message: /need each other/ });
  t.throws(() => readConfig({ TURN_HOST: '127.0.0.1', TURN_SECRETS: `${secret}\\n` }), {
    message: /TURN_SECRETS/,
  });
  t.ok(readConfig({ TURN_HOST: '127.0.0.1,call.example.org', TURN_SECRETS: `${secret},${secret}` }));
  t.end();
});

t.test('secrets are not repeated in the complaint', (t) => {
  try {
    readConfig({ COOKIE_SECRET: 'short', DATABASE_URL: 'mysql://u:hunter2@h/d' });
    t.fail('must be refused');
  } catch (error) {
    t.ok(error instanceof ConfigError);
    t.notMatch(String(error), /short"|hunter2/);
    t.match(String(error), /COOKIE_SECRET=\(not shown\)[^]*DATABASE_URL=|DATABASE_URL=[^]*COOKIE_SECRET=/);
  }
  t.end();
});
