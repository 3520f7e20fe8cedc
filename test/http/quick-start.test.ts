import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from '../support/tap.ts';
import { projectRoot } from '../../server/root.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';
import { camera } from '../support/watching.ts';

const DONE = '-- done --';

/** For machines without curl: as much of it as the quick start needs. */
const CURL = `
  import { parseArgs } from 'node:util';
  const string = { type: 'string' };
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    silent: { type: 'boolean', short: 's' }, header: { ...string, short: 'H', multiple: true },
    request: { ...string, short: 'X' }, json: string,
  } });
  const { header = [], json, request = json === undefined ? 'GET' : 'POST' } = values;
  const headers = new Headers(header.map((line) => line.split(/: */, 2)));
  if (json !== undefined) headers.set('content-type', 'application/json');
  const answer = await fetch(positionals[0], { method: request, headers, body: json });
  process.stdout.write(await answer.text());
`;
const PRELUDE = `command -v curl >/dev/null || curl() { node --input-type=module -e "$CURL" -- "$@"; }`;

t.test(
  'the lines with which docs/API.md begins make a room and a token, and ask who watches what',
  async (t) => {
    const text = await readFile(join(projectRoot, 'docs/API.md'), 'utf8');
    const lines = (/```sh\n([^]*?)```/.exec(text)?.[1] ?? '').trim().split('\n');
    t.equal(lines.length, 10);
    const [settings = '', start, ...requests] = lines;
    t.match(settings, /^export API_KEY=\S+ API_SECRET=\S+/);
    t.equal(start, 'npm start &');

    // It runs already, in this process.
    const server = await testServer(t, { ...tokenSettings, NODE_ENV: 'production' });
    const env = {
      ...process.env,
      ...tokenSettings,
      CURL,
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    };
    const shell = spawn('bash', ['-e'], { cwd: projectRoot, env, stdio: ['pipe', 'pipe', 'inherit'] });
    t.teardown(() => shell.kill());
    const output = createInterface(shell.stdout)[Symbol.asyncIterator]();
    const run = async (line: string): Promise<string> => {
      shell.stdin.write(`${line.replace('http://localhost:3000', server.url)}\necho\necho '${DONE}'\n`);
      for (let printed = ''; ;) {
        const next: IteratorResult<string, undefined> = await output.next();
        if (next.done) throw new Error(`bash ended at: ${line}`);
        if (next.value === DONE) return printed.trim();
        printed += `${next.value}
`;
      }
    };
    const json = async (line: string) => JSON.parse(await run(line)) as unknown;
    await run(PRELUDE);

    const [api = '', admin = '', create = '', token = '', lock = '', who = '', watched = '', streams = ''] =
      requests;
    await run(api);
    await run(admin);
    t.match(await json(create), { name: 'tea', maxParticipants: 10, locked: false });
    const ben = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ben', undefined, 'Ben') });
    const ada = await Peer.inRoom(t, server.url, 'tea', { token: await run(token) });
    await ada.request('consume', { producerId: await camera(ben) });
    t.match(await json(lock), { name: 'tea', locked: true });
    t.match(await json(who), { participants: [{ userId: 'ada', displayName: 'Ada' }, { userId: 'ben' }] });
    t.match(await json(watched), { streams: [{ userId: 'ada', displayName: 'Ada', publisherName: 'Ben' }] });
    t.match(await json(streams), { limit: 3, streams: [{ roomName: 'tea', publisherName: 'Ben' }] });
  },
);
