import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import t from './support/tap.ts';
import { projectRoot as root } from '../server/root.ts';

/** What each part may import from, beside itself and packages. A name ending in .ts is a file of server/. */
const allowed: Record<string, string[]> = {
  protocol: [],
  'addresses.ts': [],
  'settings.ts': ['addresses.ts'],
  'config.ts': ['settings.ts', 'addresses.ts', 'production.ts'],
  'production.ts': ['addresses.ts'],
  'clock.ts': [],
  'errors.ts': ['protocol'],
  'unreachable.ts': [],
  'logger.ts': [],
  'root.ts': [],
  'shutdown.ts': [],
  media: ['addresses.ts', 'protocol', 'config.ts', 'errors.ts'],
  rooms: ['clock.ts', 'unreachable.ts', 'media', 'protocol', 'config.ts', 'errors.ts'],
  streams: ['unreachable.ts', 'clock.ts', 'rooms', 'media', 'protocol', 'config.ts', 'errors.ts'],
  stats: ['rooms', 'media', 'protocol', 'config.ts', 'errors.ts'],
  identity: ['addresses.ts', 'clock.ts', 'production.ts', 'protocol', 'config.ts', 'errors.ts'],
  db: ['rooms', 'streams', 'stats', 'identity', 'root.ts'],
  ws: ['clock.ts', 'streams', 'stats', 'rooms', 'media', 'identity', 'protocol', 'config.ts', 'errors.ts'],
  metrics: ['streams', 'stats', 'rooms', 'media', 'protocol', 'root.ts'],
  http: [
    'unreachable.ts',
    'production.ts',
    'metrics',
    'streams',
    'stats',
    'rooms',
    'media',
    'identity',
    'protocol',
    'config.ts',
    'errors.ts',
  ],
  'app.ts': [
    'clock.ts',
    'addresses.ts',
    'ws',
    'http',
    'metrics',
    'streams',
    'stats',
    'rooms',
    'media',
    'identity',
    'protocol',
    'config.ts',
    'errors.ts',
  ],
  'compose.ts': ['addresses.ts', 'app.ts', 'clock.ts', 'db', 'streams', 'stats', 'media', 'config.ts'],
  cli: ['db', 'identity', 'streams', 'config.ts', 'errors.ts'],
  'main.ts': ['*'],
  setup: ['main.ts', 'root.ts'],
};

/** What may be imported as types alone: an interface that its user owns. */
const typesOnly: Record<string, string[]> = {
  'production.ts': ['config.ts'],
  db: ['protocol', 'rooms', 'streams', 'identity'],
};

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

async function importsOf(folder: string): Promise<Import[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  const files = entries.filter((name) => /\.tsx?$/.test(name)).map((name) => join(folder, name));
  const found = await Promise.all(
    files.map(async (file) => importsIn(file, await readFile(join(root, file), 'utf8'))),
  );
  return found.flat();
}

function importsIn(file: string, text: string): Import[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)|^import\s+'(\.[^']+)'/gm,
  );
  return [...statements].map(([, type, from, dynamic, bare]) => ({
    from: file,
    to: relative(root, resolve(root, dirname(file), from ?? dynamic ?? bare ?? '')),
    typeOnly: type !== undefined,
  }));
}

/** The part of server/ that a file belongs to: its folder, or itself. */
const partOf = (file: string): string => file.split('/')[1] ?? file;

t.test('server: folders point one way', async (t) => {
  const imports = await importsOf('server');
  t.ok(imports.length > 50, 'imports are found');
  const wrong = imports.filter(({ from, to, typeOnly }) => {
    const [part, target] = [partOf(from), partOf(to)];
    if (part === target) return false;
    const may = allowed[part] ?? [];
    if (typesOnly[part]?.includes(target)) return !typeOnly;
    return !may.includes('*') && !may.includes(target);
  });
  t.same(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

t.test('server: every folder has its place in the order', async (t) => {
  const entries = await readdir(join(root, 'server'), { withFileTypes: true });
  const parts = entries
    .filter((one) => one.isDirectory() || one.name.endsWith('.ts'))
    .map(({ name }) => name);
  t.same(
    parts.filter((part) => !(part in allowed)),
    [],
  );
});

t.test('server: SQL is in db, mediasoup workers are started in media, Fastify is not in rooms', async (t) => {
  const files = (await readdir(join(root, 'server'), { recursive: true })).filter((name) =>
    name.endsWith('.ts'),
  );
  for (const file of files) {
    const text = await readFile(join(root, 'server', file), 'utf8');
    const part = file.split('/')[0] ?? '';
    if (part !== 'db')
      t.notMatch(text, /^import (?!type ).*from 'pg'|\bSELECT\s|\bINSERT INTO\b/m, `${file}: no SQL`);
    if (part !== 'media' && part !== 'setup') t.notMatch(text, /createWorker\(/, `${file}: no worker`);
    if (['rooms', 'media', 'protocol'].includes(part))
      t.notMatch(text, /from '(fastify|ws|@fastify)/, `${file}: no Fastify`);
  }
});

t.test('server: scores are made of nothing else, as browsers make them too', async (t) => {
  const folder = 'server/stats/score/';
  const imports = await importsOf(folder);
  t.ok(imports.length > 0, 'imports are found');
  t.same(
    imports.filter(({ to }) => !to.startsWith(folder)),
    [],
  );
  for (const name of await readdir(join(root, folder))) {
    const text = await readFile(join(root, folder, name), 'utf8');
    t.notMatch(
      text,
      /from '[^.]|\b(process|Buffer|globalThis)\b/,
      `${name}: neither packages nor Node’s own`,
    );
  }
});

t.test('client: the SDK knows no UI, and of the server the protocol’s types and scores', async (t) => {
  const sdk = await importsOf('client/sdk');
  const ui = await importsOf('client/ui');
  t.ok(sdk.length > 5 && ui.length > 5, 'imports are found');
  t.same(
    sdk.filter(({ to }) => to.startsWith('client/ui')),
    [],
  );
  t.same(
    [...sdk, ...ui].filter(
      ({ to, typeOnly }) =>
        to.startsWith('server/') &&
        !(to.startsWith('server/protocol/') && typeOnly) &&
        !to.startsWith('server/stats/score/'),
    ),
    [],
  );
  for (const { from } of sdk) {
    t.notMatch(
      await readFile(join(root, from), 'utf8'),
      /from '(preact|@preact)/,
      `${from}: no UI framework`,
    );
  }
});
