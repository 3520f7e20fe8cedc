import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from '../support/tap.ts';
import { ensureClient } from '../../server/setup/client.ts';

const { signal } = new AbortController();

function project(t: Pick<Test, 'testdir'>) {
  const root = t.testdir({
    'vite.config.ts': 'export default {}',
    'package-lock.json': '{}',
    client: { ui: { 'main.ts': 'one' } },
    server: { protocol: { 'messages.ts': 'one' }, rooms: { 'room.ts': 'one' } },
  });
  let builds = 0;
  const build = (_: string, output: string): Promise<void> => {
    builds += 1;
    mkdirSync(output);
    writeFileSync(join(output, 'index.html'), `build ${builds}`);
    return Promise.resolve();
  };
  const page = (): string => readFileSync(join(root, 'dist/client/index.html'), 'utf8');
  return { root, ensure: () => ensureClient(root, signal, build), page };
}

t.test('the client is built when its sources have changed, and only then', async (t) => {
  const { root, ensure, page } = project(t);
  await ensure();
  t.equal(page(), 'build 1');
  await ensure();
  t.equal(page(), 'build 1', 'nothing has changed');

  writeFileSync(join(root, 'server/rooms/room.ts'), 'two');
  await ensure();
  t.equal(page(), 'build 1', 'the server alone has changed');

  let build = 1;
  for (const file of [
    'client/ui/main.ts',
    'client/ui/new.ts',
    'server/protocol/messages.ts',
    'package-lock.json',
  ]) {
    writeFileSync(join(root, file), 'two');
    await ensure();
    build += 1;
    t.equal(page(), `build ${build}`, file);
  }
  rmSync(join(root, 'client/ui/new.ts'));
  await ensure();
  t.equal(page(), `build ${build + 1}`, 'a file was removed');
  t.same(readdirSync(join(root, 'dist')), ['client'], 'nothing else is left');
});

t.test('a build that fails leaves the former one, and is tried again', async (t) => {
  const { root, ensure, page } = project(t);
  await ensure();
  writeFileSync(join(root, 'client/ui/main.ts'), 'broken');
  const failing = (): Promise<void> => Promise.reject(new Error('syntax'));
  await t.rejects(ensureClient(root, signal, failing), /syntax/);
  t.equal(page(), 'build 1');
  await ensure();
  t.equal(page(), 'build 2');
});

t.test('two at once both end with a whole client', async (t) => {
  const { root, ensure } = project(t);
  await Promise.all([ensure(), ensure(), ensure()]);
  t.ok(existsSync(join(root, 'dist/client/index.html')));
  t.same(readdirSync(join(root, 'dist')), ['client']);
});

t.test('without sources, a client that is there is taken, and none is an error', async (t) => {
  const never = (): Promise<void> => Promise.reject(new Error('not to be built'));
  await ensureClient(t.testdir({ dist: { client: { 'index.html': '' } } }), signal, never);
  await t.rejects(ensureClient(t.testdir({}), signal, never), {
    name: 'SetupError',
    message: /client is missing/,
  });
});
