import t from 'tap';
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
