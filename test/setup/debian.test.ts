import t from '../support/tap.ts';
import { ensureInstalled, type Machine, type Need } from '../../server/setup/debian.ts';
import { CommandError } from '../../server/setup/run.ts';

const why = 'to build the worker';
const needs: readonly Need[] = [
  { package: 'g++', upstream: 'a C++ compiler', command: 'g++', why },
  { package: 'libuv1-dev', upstream: 'libuv', library: 'libuv', why },
  { package: 'coturn', upstream: 'coturn', command: 'turnserver', service: 'coturn', why: 'for the tests' },
];

function machine(changes: Partial<Machine> = {}): Machine & { ran: string[]; said: string[] } {
  const ran: string[] = [];
  const said: string[] = [];
  return {
    isRoot: true,
    hasApt: true,
    hasSystemd: false,
    installed: () => false,
    run: (command, args) => {
      ran.push([command, ...args].join(' '));
      return Promise.resolve();
    },
    say: (line) => void said.push(line),
    ...changes,
    ran,
    said,
  };
}

t.test('nothing is run or said when all is there', async (t) => {
  const complete = machine({ installed: () => true });
  await ensureInstalled(needs, complete);
  t.same([complete.ran, complete.said], [[], []]);
});

t.test('an ordinary user gets the line to run, with what is missing alone', async (t) => {
  const user = machine({ isRoot: false, installed: (need) => need.package === 'coturn' });
  await t.rejects(ensureInstalled(needs, user), {
    name: 'SetupError',
    message:
      'Some Debian packages are missing (to build the worker). Install them, then start again:\n' +
      'sudo apt-get install -y --no-install-recommends g++ libuv1-dev',
  });
  t.same(user.ran, []);
});

t.test('without apt the upstream names are told', async (t) => {
  await t.rejects(ensureInstalled(needs, machine({ hasApt: false })), {
    name: 'SetupError',
    message: /a C\+\+ compiler, libuv, coturn/,
  });
});

t.test('root installs, and says what and why in one line', async (t) => {
  const root = machine();
  await ensureInstalled(needs, root);
  t.same(root.said, ['Installing from Debian: g++ libuv1-dev coturn (to build the worker, for the tests)']);
  t.equal(root.ran.length, 1);
  t.match(root.ran[0], /apt-get update[^]*--no-install-recommends[^]* g\+\+ libuv1-dev coturn$/);
});

t.test('a service that a package starts is stopped where services run', async (t) => {
  const root = machine({ hasSystemd: true });
  await ensureInstalled(needs, root);
  t.equal(root.ran[1], 'systemctl disable --now coturn');
});

t.test('what apt said last is told when it fails', async (t) => {
  const broken = machine({
    run: () => Promise.reject(new CommandError('apt-get: exit code 100', 'E: no space')),
  });
  await t.rejects(ensureInstalled(needs, broken), {
    name: 'SetupError',
    message: /could not[^]*E: no space/,
  });
});
