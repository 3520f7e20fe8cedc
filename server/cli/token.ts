import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { readClaims } from '../identity/claims.ts';
import { makeToken } from '../identity/make-token.ts';
import { MAX_LIFETIME } from '../identity/tokens.ts';
import { CommandError } from './error.ts';

const USAGE = `trivium token --user <id>

  --user <id>           who it is for: the key of the quota
  --name <name>         what the others see (default: what the client says)
  --room <room>         the one room that it is for (default: every room)
  --ttl <seconds>       how long it is valid (default: 600)
  --grant <g>[,<g>...]  what it allows beside joining, publishing and subscribing:
                        roomAdmin, roomCreate, roomList, hidden, statsRead, streamsWrite
  --max-streams <n>     videos at once, in place of the server's own limit
  --on-limit <what>     reject (default) or replace_oldest
  --link <address>      prints the link of the room on the server at this address, with the token in it`;

const GRANTS = ['roomAdmin', 'roomCreate', 'roomList', 'hidden', 'statsRead', 'streamsWrite'];

/**
 * Prints a token that lets somebody join, and what else is asked for.
 *
 * @throws {CommandError} where an argument or the environment does not do; `ConfigError` for a wrong setting.
 */
export async function run(args: string[]): Promise<void> {
  const options = read(args);
  if (options.user === undefined) throw new CommandError(`Say who it is for.\n\n${USAGE}`);
  const { API_KEY: key, API_SECRET: secret, TOKEN_AUDIENCE: audience } = readConfig(process.env);
  if (key === undefined || secret === undefined) {
    throw new CommandError(
      'There is nothing to sign with: set API_KEY and API_SECRET to those of the server. To make a secret: openssl rand -hex 32',
    );
  }
  const ttl = wholeNumber('--ttl', options.ttl ?? '600');
  if (ttl < 1 || ttl * 1000 > MAX_LIFETIME) {
    throw new CommandError(`--ttl ${ttl}: a token is valid for 1 to ${MAX_LIFETIME / 1000} seconds.`);
  }
  const { link, room } = options;
  const page = link === undefined ? undefined : pageOf(link, room);
  const claims = readClaims({
    sub: options.user,
    name: options.name,
    exp: Math.floor(Date.now() / 1000) + ttl,
    video: {
      roomJoin: true,
      room: options.room,
      ...grantsIn(options.grant),
      maxVideoStreams:
        options['max-streams'] === undefined
          ? undefined
          : wholeNumber('--max-streams', options['max-streams']),
      onLimit: options['on-limit'],
    },
  });
  if ('wrong' in claims) throw new CommandError(`The server would not accept the token: ${claims.wrong}.`);
  const { sub: userId, name, video = {} } = claims;
  const token = await makeToken({ userId, name, video, ttl, audience }, { key, secret });
  process.stdout.write(`${page === undefined ? token : `${page}#access_token=${token}`}\n`);
}

function read(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args,
      options: {
        user: text,
        name: text,
        room: text,
        ttl: text,
        grant: { type: 'string', multiple: true },
        'max-streams': text,
        'on-limit': text,
        link: text,
      },
    });
    return values;
  } catch (error) {
    throw new CommandError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function pageOf(server: string, room: string | undefined): string {
  if (room === undefined) throw new CommandError('--link needs --room: a link leads to one room.');
  if (!/^https?:/.test(server) || !URL.canParse(server)) {
    throw new CommandError(
      `--link ${server}: it must be the server’s address, such as https://calls.example`,
    );
  }
  return new URL(`/r/${encodeURIComponent(room)}`, server).href;
}

function grantsIn(given: string[] = []): Record<string, true> {
  const names = given.flatMap((list) => list.split(',')).map((name) => name.trim());
  const unknown = names.find((name) => !GRANTS.includes(name));
  if (unknown !== undefined) {
    throw new CommandError(`--grant ${unknown}: there is no such grant. There are ${GRANTS.join(', ')}.`);
  }
  return Object.fromEntries(names.map((name) => [name, true]));
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError(`${option} ${text}: it must be a whole number.`);
}
