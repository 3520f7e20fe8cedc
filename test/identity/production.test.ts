import t from '../support/tap.ts';
import { readConfig } from '../../server/config.ts';

const random = 'f3a1c97be5d2084690ac31d87b6e52f4';
const good = { NODE_ENV: 'production', API_KEY: 'key', API_SECRET: random };

t.test('production needs a way to check tokens', (t) => {
  t.throws(() => readConfig({ NODE_ENV: 'production' }), {
    name: 'ConfigError',
    message:
      /^NODE_ENV=production needs a way to check access tokens: set API_KEY and API_SECRET, or JWKS_URL/,
  });
  t.ok(readConfig(good));
  t.ok(readConfig({ NODE_ENV: 'production', JWKS_URL: 'https://example.org/jwks.json' }));
  t.end();
});

t.test('API_KEY and API_SECRET need each other, everywhere', (t) => {
  for (const given of [{ API_KEY: 'key' }, { API_SECRET: random }]) {
    t.throws(() => readConfig(given), {
      name: 'ConfigError',
      message: /^API_KEY and API_SECRET need each other/,
    });
  }
  t.end();
});

t.test('production does not start with secrets that others can guess', (t) => {
  const weak = [
    'an-example-that-is-long-enough-for-it',
    'secretsecretsecretsecretsecretsecret',
    'changeme-changeme-changeme-changeme-1',
    'devkey0123456789abcdef0123456789abcd',
    'a'.repeat(40),
    '0101010101010101010101010101010101',
    '0123456789abcdef'.repeat(3),
  ];
  for (const secret of weak) {
    const turn = { TURN_HOST: 'turn.test', TURN_SECRETS: `${random},${secret}` };
    for (const [name, settings] of Object.entries({
      API_SECRET: { ...good, API_SECRET: secret },
      COOKIE_SECRET: { ...good, GUESTS: 'on', COOKIE_SECRET: secret },
      TURN_SECRETS: { ...good, ...turn },
    })) {
      try {
        readConfig(settings);
        t.fail(`${name} must be refused`);
      } catch (error) {
        const message = String(error);
        t.match(message, new RegExp(`^ConfigError: ${name}=\\(not shown\\) is an example or easy to guess`));
        t.notOk(message.includes(secret), 'and it is not repeated');
      }
    }
    t.ok(readConfig({ ...good, COOKIE_SECRET: secret }), 'without guests there are no cookies');
    t.ok(readConfig({ API_KEY: 'key', API_SECRET: secret }), 'in development it is enough');
  }
  t.end();
});

t.test('everything that is wrong is said at once', (t) => {
  const turn = { TURN_HOST: 'turn.test', TURN_SECRETS: 'x'.repeat(32) };
  t.throws(
    () => readConfig({ NODE_ENV: 'production', GUESTS: 'on', COOKIE_SECRET: 'y'.repeat(32), ...turn }),
    {
      message: /^NODE_ENV=production needs[^\n]+\nCOOKIE_SECRET=[^\n]+\nTURN_SECRETS=[^\n]+$/,
    },
  );
  t.end();
});
