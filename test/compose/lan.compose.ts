import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from '../support/tap.ts';
import { chromiumPath, meet, testBrowser } from '../support/browser.ts';
import { ComposeProject } from '../support/compose.ts';
import { temporaryFolder } from '../support/postgres.ts';
import { ServerProcess } from '../support/server-process.ts';

const execute = promisify(execFile);
const ip = (...args: string[]) => execute('ip', args);

const HERE = { ipv4: '10.214.77.1', ipv6: 'fd00:214:77::1' };

t.test('a call from another machine on the LAN, once ANNOUNCED_ADDRESS names this one', async (t) => {
  const machine = await otherMachine(t, 'a', '10.214.77.2');
  const project = await ComposeProject.create(t, { settings: { ANNOUNCED_ADDRESS: HERE.ipv4 } });
  await project.up();
  t.notMatch(await project.compose('logs', '--no-log-prefix', 'server'), 'set ANNOUNCED_ADDRESS');
  const url = `http://${HERE.ipv4}:${project.ports.http}`;
  for (const { local, remote } of await call(t, machine, url, 'direct')) {
    t.not(local.candidateType, 'relay');
    t.equal(remote.address, HERE.ipv4);
  }
  for (const { local, remote } of await call(t, machine, url, 'relayed', '?iceTransportPolicy=relay')) {
    t.equal(local.candidateType, 'relay');
    t.equal(remote.address, `${project.net}.10`);
  }
});

t.test('LAN and internet in one configuration: also from a machine that has IPv6 alone', async (t) => {
  const [old, young] = [
    await otherMachine(t, 'a', '10.214.77.2'),
    await otherMachine(t, 'b', 'fd00:214:77::2'),
  ];
  const project = await ComposeProject.create(t, {
    settings: { ANNOUNCED_ADDRESS: `203.0.113.7,${HERE.ipv4},${HERE.ipv6}` },
  });
  await project.up();
  for (const [machine, host, address] of [
    [old, HERE.ipv4, HERE.ipv4],
    [young, `[${HERE.ipv6}]`, HERE.ipv6],
  ] as const) {
    for (const { remote } of await call(t, machine, `http://${host}:${project.ports.http}`, 'both')) {
      t.equal(remote.address, address);
    }
  }
});

t.test('without containers: HOST=:: serves machines of either family', async (t) => {
  const [old, young] = [
    await otherMachine(t, 'a', '10.214.77.2'),
    await otherMachine(t, 'b', 'fd00:214:77::2'),
  ];
  const server = await ServerProcess.spawn(t, { HOST: '::', ANNOUNCED_ADDRESS: `${HERE.ipv4},${HERE.ipv6}` });
  const { port } = new URL(await server.ready());
  for (const [machine, host, address] of [
    [old, HERE.ipv4, HERE.ipv4],
    [young, `[${HERE.ipv6}]`, HERE.ipv6],
  ] as const) {
    for (const { remote } of await call(t, machine, `http://${host}:${port}`, 'both')) {
      t.equal(remote.address, address);
    }
  }
});

/** A network namespace that reaches this machine by one address family; it goes with the test. @returns its name. */
async function otherMachine(t: Test, letter: string, address: string): Promise<string> {
  const name = `trivium-${process.pid}${letter}`;
  const [here, there] = [`tv${process.pid}${letter}`, `tw${process.pid}${letter}`].map((one) =>
    one.slice(-15),
  );
  const isV6 = address.includes(':');
  const bits = isV6 ? 64 : 24;
  if (!here || !there) throw new Error('no names');
  await ip('netns', 'add', name);
  t.teardown(() => ip('netns', 'delete', name));
  await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
  // The devices go with the namespace, but not before its last process has.
  t.teardown(() => ip('link', 'delete', here));
  const noDad = isV6 ? ['nodad'] : [];
  await ip('address', 'add', `${isV6 ? HERE.ipv6 : HERE.ipv4}/${bits}`, 'dev', here, ...noDad);
  await ip('link', 'set', here, 'up');
  await ip('-netns', name, 'address', 'add', `${address}/${bits}`, 'dev', there, ...noDad);
  await ip('-netns', name, 'link', 'set', there, 'up');
  await ip('-netns', name, 'link', 'set', 'lo', 'up');
  return name;
}

/** Two people on another machine who see each other for a while. @returns the ways that their media took. */
async function call(t: Test, machine: string, url: string, room: string, query = '') {
  const executablePath = join(await temporaryFolder(t), 'chromium');
  await writeFile(executablePath, `#!/bin/sh\nexec ip netns exec ${machine} ${chromiumPath()} "$@"\n`, {
    mode: 0o755,
  });
  // Away from localhost, browsers give the camera by https only.
  const more = [`--unsafely-treat-insecure-origin-as-secure=${new URL(url).origin}`];
  const browser = await testBrowser(t, { executablePath, more });
  const pairs = await meet(browser, url, room, query);
  t.equal(pairs.length, 4);
  await browser.close();
  return pairs;
}
