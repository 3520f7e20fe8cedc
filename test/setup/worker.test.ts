import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from '../support/tap.ts';
import { ensureWorker } from '../../server/setup/worker/ensure.ts';
import { workerPlace } from '../../server/setup/worker/place.ts';

// What a worker does when it is started by hand.
const WORKER = '#!/bin/sh\nexit 41\n';
const { signal } = new AbortController();
const make = (): Promise<void> => Promise.reject(new Error('a worker was to be made'));

function project(t: Pick<Test, 'testdir'>): { root: string; env: NodeJS.ProcessEnv } {
  const root = t.testdir({
    'package.json': '{}',
    node_modules: { mediasoup: { 'package.json': '{"version":"3.0.0"}' } },
    server: { setup: { worker: { overlay: { 'srtp.c': 'int a;' } } } },
    cache: { trivium: {} },
  });
  return { root, env: { XDG_CACHE_HOME: join(root, 'cache') } };
}

const installedIn = (root: string): string =>
  join(root, 'node_modules', 'mediasoup', 'worker', 'out', 'Release', 'mediasoup-worker');

function putIntoCache(root: string, env: NodeJS.ProcessEnv, content = WORKER): string {
  const { cache, name } = workerPlace(root, env);
  writeFileSync(join(cache, name), content, { mode: 0o755 });
  return name;
}

t.test('the name in the cache changes with the overlay and with mediasoup', (t) => {
  const { root, env } = project(t);
  const before = workerPlace(root, env).name;
  t.match(
    before,
    new RegExp(`^mediasoup-worker-3\\.0\\.0-${process.platform}-${process.arch}-[0-9a-f]{12}$`),
  );
  writeFileSync(join(root, 'server/setup/worker/overlay/srtp.c'), 'int b;');
  const after = workerPlace(root, env).name;
  t.not(after, before);
  writeFileSync(join(root, 'node_modules/mediasoup/package.json'), '{"version":"3.0.1"}');
  t.not(workerPlace(root, env).name, after);
  t.end();
});

t.test(
  'a worker in the cache is put where mediasoup looks for it, and found there the next time',
  async (t) => {
    const { root, env } = project(t);
    const name = putIntoCache(root, env);
    await ensureWorker(root, signal, { env, make });
    t.equal(readFileSync(installedIn(root), 'utf8'), WORKER);
    t.equal(readlinkSync(installedIn(root)), name);
    t.equal(env.MEDIASOUP_WORKER_BIN, undefined);

    await ensureWorker(root, signal, { env: { XDG_CACHE_HOME: join(root, 'empty') }, make });
  },
);

t.test('a worker that was made for another overlay is replaced', async (t) => {
  const { root, env } = project(t);
  putIntoCache(root, env);
  await ensureWorker(root, signal, { env, make });
  writeFileSync(join(root, 'server/setup/worker/overlay/srtp.c'), 'int b;');
  const name = putIntoCache(root, env);
  await ensureWorker(root, signal, { env, make });
  t.equal(readlinkSync(installedIn(root)), name);
});

t.test('one in the cache that does not run here is made anew', async (t) => {
  const { root, env } = project(t);
  putIntoCache(root, env, '#!/bin/sh\nexit 127\n');
  await t.rejects(ensureWorker(root, signal, { env, make }), /was to be made/);
  t.notOk(existsSync(installedIn(root)));
});

t.test('without one it is made, for the cache', async (t) => {
  const { root, env } = project(t);
  await ensureWorker(root, signal, {
    env,
    make: (_, target) => writeFile(target, WORKER, { mode: 0o755 }),
  });
  t.equal(readFileSync(installedIn(root), 'utf8'), WORKER);
});

t.test('MEDIASOUP_WORKER_BIN is taken as it is, and has to be there', async (t) => {
  const { root } = project(t);
  await ensureWorker(root, signal, { env: { MEDIASOUP_WORKER_BIN: process.execPath }, make });
  t.notOk(existsSync(installedIn(root)));
  await t.rejects(ensureWorker(root, signal, { env: { MEDIASOUP_WORKER_BIN: join(root, 'none') }, make }), {
    name: 'SetupError',
    message: /MEDIASOUP_WORKER_BIN is ".*none"/,
  });
});

t.test('without mediasoup, npm is named', async (t) => {
  await t.rejects(ensureWorker(t.testdir({}), signal, { env: {}, make }), {
    name: 'SetupError',
    message: /npm ci/,
  });
});
