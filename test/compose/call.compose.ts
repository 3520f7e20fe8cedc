import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from '../support/tap.ts';
import { framesShown, joinRoom, meet, newPerson, testBrowser, until } from '../support/browser.ts';
import { ComposeProject, docker, serviceOf } from '../support/compose.ts';
import { forbiddenPeers } from '../support/forbidden-peers.ts';
import { projectRoot } from '../../server/root.ts';
import { temporaryFolder } from '../support/postgres.ts';
import { Peer } from '../support/peer.ts';
import { TurnClient } from '../support/turn-client.ts';

const project = await ComposeProject.create(t, { settings: { DRAIN_MS: '3000' } });
const url = `http://localhost:${project.ports.http}`;
const SECRETS = ['POSTGRES_PASSWORD', 'COOKIE_SECRET', 'TURN_SECRETS', 'API_SECRET'];
await project.up();

t.test('it says at start that other machines cannot reach it yet, and what to set', async (t) => {
  const log = await project.compose('logs', '--no-log-prefix', 'server');
  t.match(log, /Calls work from this container's host at most.*set ANNOUNCED_ADDRESS/);
  t.match(log, `open ${url} in a browser`);
});

t.test('no part is root, writes to its image, or keeps a capability; only three are published', async (t) => {
  const containers = await project.containers();
  t.same(containers.map(serviceOf).sort(), ['coturn', 'postgres', 'server']);
  for (const container of containers) {
    const service = serviceOf(container);
    const { ReadonlyRootfs, CapDrop, CapAdd, SecurityOpt, PortBindings } = container.HostConfig;
    const { Memory, PidsLimit } = container.HostConfig;
    t.ok(Memory > 0 && (PidsLimit ?? 0) > 0, `${service}: bounded`);
    t.equal(container.State.Health?.Status, 'healthy', `${service}: healthy`);
    t.ok(ReadonlyRootfs, `${service}: read-only root`);
    const added = service === 'coturn' ? ['NET_BIND_SERVICE'] : null;
    t.same([CapDrop, CapAdd], [['ALL'], added], `${service}: no capabilities`);
    t.same(SecurityOpt, ['no-new-privileges:true'], `${service}: no new privileges`);
    t.not(await project.compose('exec', '-T', service, 'id', '-u'), '0', `${service}: not root`);
    t.equal(Object.keys(PortBindings).length > 0, service !== 'postgres', `${service}: published or not`);
  }
});

t.test('the image has the worker, and nothing to build one with', async (t) => {
  const inside = (script: string) => docker('run', '--rm', '--entrypoint', 'sh', project.name, '-c', script);
  t.equal(
    await inside('for tool in gcc g++ cc make ninja meson python3; do command -v $tool; done; true'),
    '',
  );
  t.match(await inside('ls /usr/local/bin'), 'mediasoup-worker');
});

t.test('two people in browsers outside the containers see each other, directly', async (t) => {
  const pairs = await meet(await testBrowser(t), url, 'direct');
  t.equal(pairs.length, 4);
  for (const { local, remote } of pairs) {
    t.not(local.candidateType, 'relay');
    t.equal(remote.candidateType, 'host');
  }
});

t.test('and through coturn alone', async (t) => {
  const pairs = await meet(await testBrowser(t), url, 'relayed', '?iceTransportPolicy=relay');
  t.equal(pairs.length, 4);
  for (const { local, remote } of pairs) {
    t.equal(local.candidateType, 'relay');
    t.equal(remote.address, `${project.net}.10`, 'coturn reaches the SFU by its address inside');
  }
});

t.test('coturn relays to the SFU and to nobody else', async (t) => {
  const { joined } = await Peer.inRoom(t, url, 'relay');
  const [turn] = joined.iceServers;
  t.same(
    turn?.urls,
    ['udp', 'tcp'].map((transport) => `turn:127.0.0.1:${project.ports.turn}?transport=${transport}`),
  );
  if (!turn) return;
  const client = await TurnClient.open(t, { address: '127.0.0.1', port: project.ports.turn });
  t.match(await client.allocate(turn), { ok: true });
  t.match(await client.permit(`${project.net}.10`), { ok: true }, 'the SFU');

  const networks = (await project.containers()).flatMap(({ NetworkSettings }) =>
    Object.values(NetworkSettings.Networks),
  );
  const inside = networks.flatMap(({ IPAddress, Gateway }) => [IPAddress, Gateway]);
  const own = [...new Set(inside)].filter((address) => address !== '' && address !== `${project.net}.10`);
  t.ok(own.length >= 4, 'the database, coturn itself, and the host among them');
  const refused = [...forbiddenPeers.map(({ address }) => address), ...own];
  t.ok(refused.length >= 24);
  for (const address of refused) {
    const answer = await client.permit(address);
    t.ok(!answer.ok && [403, 443].includes(answer.code), `${address}: refused`);
  }
  const stranger = await TurnClient.open(t, { address: '127.0.0.1', port: project.ports.turn });
  t.match(await stranger.allocate({ ...turn, credential: 'guessed' }), { ok: false, code: 401 });
});

t.test('without the database the server stays healthy, and a call goes on', async (t) => {
  const browser = await testBrowser(t);
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  await joinRoom(ada, url, 'away', 'Ada');
  await joinRoom(ben, url, 'away', 'Ben');
  const frames = () => framesShown(ben, 'Ada');
  await until('Ben sees Ada', frames, (shown) => shown > 5);
  await project.compose('stop', 'postgres');
  await until(
    'it is not ready',
    () => fetch(`${url}/readyz`).then(({ status }) => status),
    (status) => status === 503,
  );
  const [server] = (await project.containers()).filter((one) => serviceOf(one) === 'server');
  const checks = async () => {
    const log = await docker('inspect', '--format', '{{json .State.Health.Log}}', server?.Id ?? '');
    return JSON.parse(log) as { Start: string; ExitCode: number }[];
  };
  const stoppedAt = Date.now();
  const since = await until(
    'three checks later',
    async () => (await checks()).filter(({ Start }) => Date.parse(Start) > stoppedAt),
    ({ length }) => length >= 3,
    60_000,
  );
  t.same(
    since.filter(({ ExitCode }) => ExitCode !== 0),
    [],
    'it is healthy',
  );
  const shown = await frames();
  await until('pictures go on', frames, (now) => now > shown + 5);
  await project.up();
});

t.test('a secret that is left empty lets nobody in', async (t) => {
  const secret = await project.setting('TURN_SECRETS');
  await project.set({ TURN_SECRETS: `${secret},` });
  await project.up();
  const username = `${Math.floor(Date.now() / 1000) + 600}:somebody`;
  for (const [key, code] of [
    ['', 401],
    [secret, undefined],
  ] as const) {
    const client = await TurnClient.open(t, { address: '127.0.0.1', port: project.ports.turn });
    const credential = createHmac('sha1', key).update(username).digest('base64');
    t.match(await client.allocate({ username, credential }), code ? { ok: false, code } : { ok: true });
  }
});

t.test(
  'a stop of it all lets relayed calls end: people are told, pictures go on, nothing is killed',
  async (t) => {
    const browser = await testBrowser(t);
    const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
    for (const [page, name] of [
      [ada, 'Ada'],
      [ben, 'Ben'],
    ] as const) {
      await joinRoom(page, url, 'last', name, '?iceTransportPolicy=relay');
    }
    await until(
      'Ben sees Ada',
      () => framesShown(ben, 'Ada'),
      (frames) => frames > 5,
    );
    const stopping = project.compose('stop');
    await ben.getByText(/The server restarts in 3 seconds at most/).waitFor();
    const frames = await framesShown(ben, 'Ada');
    t.equal((await fetch(`${url}/readyz`)).status, 503, 'nobody new is sent there');
    await until(
      'pictures go on',
      () => framesShown(ben, 'Ada'),
      (now) => now > frames + 5,
      2_500,
    );
    await stopping;
    for (const container of await project.containers()) {
      t.match(container.State, { Status: 'exited', ExitCode: 0 }, serviceOf(container));
    }
  },
);

t.test('without secrets it refuses to start, and says how to have them made', async (t) => {
  const file = join(projectRoot, 'docker-compose.yml');
  for (const name of SECRETS) {
    const others = SECRETS.filter((other) => other !== name);
    const envFile = join(await temporaryFolder(t), '.env');
    await writeFile(envFile, others.map((other) => `${other}=something\n`).join(''));
    await t.rejects(docker('compose', '--env-file', envFile, '--file', file, 'config'), {
      message: new RegExp(`${name}[^]*sh make-env\\.sh`),
    });
  }
});
