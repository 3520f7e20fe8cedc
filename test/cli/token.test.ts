import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import t from '../support/tap.ts';
import { projectRoot } from '../../server/root.ts';
import { testServer } from '../support/server.ts';
import { api, tokenSettings, validate } from '../support/tokens.ts';

/** Runs `trivium`, compiled by `npm test` before. */
function trivium(args: string[], environment: Record<string, string> = tokenSettings) {
  const { PATH = '' } = process.env;
  const command = join(projectRoot, 'dist/server/cli/main.js');
  return spawnSync(process.execPath, [command, ...args], {
    env: { PATH, ...environment },
    encoding: 'utf8',
  });
}

t.test('a token from the command line lets in', async (t) => {
  const { url } = await testServer(t, { ...tokenSettings, TOKEN_AUDIENCE: 'here' });
  const { stdout, stderr, status } = trivium(
    [
      ...['token', '--user', 'ada', '--name', 'Ada', '--room', 'tea', '--ttl', '60'],
      ...[
        '--grant',
        'statsRead,hidden',
        '--grant',
        'roomAdmin',
        '--max-streams',
        '2',
        '--on-limit',
        'replace_oldest',
      ],
    ],
    { ...tokenSettings, TOKEN_AUDIENCE: 'here' },
  );
  t.match({ stderr, status }, { stderr: '', status: 0 });
  const token = stdout.trim();
  const { exp = 0, iat = 0, jti } = decodeJwt(token);
  t.equal(exp - iat, 60);
  t.ok(jti, 'it can be revoked by name');
  t.equal(decodeProtectedHeader(token).kid, api.key);
  t.match(await validate(url, token), {
    status: 200,
    body: {
      userId: 'ada',
      displayName: 'Ada',
      grants: {
        ...{
          roomJoin: true,
          room: 'tea',
          statsRead: true,
          hidden: true,
          roomAdmin: true,
          streamsWrite: false,
        },
        ...{ maxVideoStreams: 2, onLimit: 'replace_oldest' },
      },
    },
  });
});

t.test('a link with a token is printed where it is asked for', (t) => {
  const link = (...args: string[]) => trivium(['token', '--user', 'ada', ...args]).stdout.trim();
  const [page, token = ''] = link('--room', 'tea', '--link', 'https://calls.example').split('#access_token=');
  t.equal(page, 'https://calls.example/r/tea');
  t.match(decodeJwt(token), { sub: 'ada', video: { room: 'tea' } });
  t.end();
});

t.test('what cannot be done is said in a sentence, and nothing is printed', (t) => {
  const cases: [args: string[], says: RegExp, environment?: Record<string, string>][] = [
    [['token'], /^Say who it is for/],
    [['token', '--user', 'ada'], /^There is nothing to sign with: set API_KEY and API_SECRET/, {}],
    [['token', '--user', 'ada'], /^API_KEY and API_SECRET need each other/, { API_KEY: 'key' }],
    [['token', '--user', 'guest:1'], /its claim `sub` must be/],
    [['token', '--user', 'ada', '--link', 'https://calls.example'], /^--link needs --room/],
    [['token', '--user', 'ada', '--room', 'tea', '--link', 'calls'], /^--link calls: it must be/],
    [['token', '--user', 'ada', '--ttl', 'long'], /^--ttl long: it must be a whole number/],
    [['token', '--user', 'ada', '--ttl', '0'], /^--ttl 0: a token is valid for 1 to/],
    [['token', '--user', 'ada', '--room', 'a b'], /its claim `video.room` must/],
    [['token', '--user', 'ada', '--max-streams', '17'], /its claim `video.maxVideoStreams` must/],
    [['token', '--user', 'ada', '--on-limit', 'grow'], /its claim `video.onLimit` must/],
    [['token', '--user', 'ada', '--grant', 'everything'], /^--grant everything: there is no such grant/],
    [['token', '--usr', 'ada'], /--usr/],
    [['brew'], /^There is no command brew/],
  ];
  for (const [args, says, environment] of cases) {
    const { stdout, stderr, status } = trivium(args, environment);
    t.match(stderr, says, args.join(' '));
    t.notMatch(stderr, /^ +at /m, 'without a stack');
    t.equal(stdout, '');
    t.not(status, 0);
  }
  t.match(trivium(['help']).stdout, /token .+\n/);
  t.end();
});
