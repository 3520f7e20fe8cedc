import t, { type Test } from '../support/tap.ts';
import { isPrivateAddress } from '../../server/addresses.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { refusedUpgrade, tokenSettings } from '../support/tokens.ts';
import { keptWarnings } from '../support/warnings.ts';

/** Every bound by address, as narrow as it gets. */
const narrow = {
  ...tokenSettings,
  GUEST_ROOMS_PER_ADDRESS: '1',
  GUEST_PRESENCES_PER_ADDRESS: '1',
  SOCKETS_PER_ADDRESS: '1',
  JOINS_PER_MINUTE_PER_ADDRESS: '1',
  REST_REQUESTS_PER_MINUTE: '2',
};

async function watchedServer(t: Test, settings: Record<string, string> = {}) {
  const { log, warnings } = keptWarnings();
  const server = await testServer(t, { ...narrow, ...settings }, { log });
  /** How requests from there are answered, each of somebody else whom the proxy names. */
  const ask = async (remoteAddress: string, header = 'x-forwarded-for', more = {}) => {
    const answers: number[] = [];
    for (let person = 1; person <= 4; person += 1) {
      const headers = {
        [header]: header === 'forwarded' ? `for=203.0.113.${person}` : `203.0.113.${person}`,
        ...more,
      };
      answers.push((await server.app.inject({ url: '/api/v1/validate', remoteAddress, headers })).statusCode);
    }
    return answers;
  };
  return { ...server, ask, warnings };
}

t.test(
  'behind a proxy that is not trusted no bound by address holds, and the log says so once',
  async (t) => {
    const { app, url, rooms, ask, warnings } = await watchedServer(t);
    for (let person = 1; person <= 4; person += 1) {
      const guest = await Peer.inRoom(t, url, `room-${person}`, { forwardedFor: `203.0.113.${person}` });
      t.ok(guest.joined.participantId);
    }
    t.equal(rooms.rooms.size, 4);
    const opened = await app.inject({
      method: 'POST',
      url: '/api/room',
      headers: { 'x-forwarded-for': '203.0.113.9' },
    });
    t.equal(opened.statusCode, 200);
    for (const peer of ['127.0.0.1', '10.1.2.3', '::ffff:192.168.0.7', 'fd00::7', 'fe80::1%eth0']) {
      t.same(await ask(peer), [200, 200, 200, 200], peer);
      t.same(await ask(peer, 'forwarded'), [200, 200, 200, 200], peer);
    }
    t.same(await ask('10.1.2.3', 'x-forwarded-for', { authorization: 'Bearer no' }), [401, 401, 401, 401]);
    t.match(warnings, [{ level: 40, peer: '127.0.0.1', msg: /TRUST_PROXY/ }]);
    t.equal(warnings.length, 1);
  },
);

t.test('a guest behind such a proxy who has a cookie is limited as a user', async (t) => {
  const { app, ask } = await watchedServer(t);
  const [cookie] = (await app.inject('/')).cookies;
  const known = { cookie: `${cookie?.name}=${encodeURIComponent(cookie?.value ?? '')}` };
  t.same(await ask('10.1.2.3', 'x-forwarded-for', known), [200, 200, 429, 429]);
});

t.test('who sends the header from the internet does not get rid of the bounds', async (t) => {
  const { ask, warnings } = await watchedServer(t);
  t.same(await ask('198.51.100.7'), [200, 200, 429, 429]);
  t.same(await ask('2001:db8::7', 'forwarded'), [200, 200, 429, 429]);
  t.match(warnings, [{ level: 40, peer: '198.51.100.7', msg: /TRUST_PROXY.* counts as one address/ }]);
  t.equal(warnings.length, 1);
  await ask('10.1.2.3');
  t.match(warnings[1], { peer: '10.1.2.3', msg: /TRUST_PROXY.* no limits by address/ }, 'it hides no other');
});

t.test('whoever sends no such header, or comes through a trusted proxy, is bounded', async (t) => {
  const plain = await watchedServer(t);
  t.same(await plain.ask('127.0.0.1', 'x-other'), [200, 200, 429, 429]);
  t.same(await plain.ask('127.0.0.1', 'x-forwarded-for'), [200, 200, 200, 200]);
  await Peer.inRoom(t, plain.url, 'tea');
  t.match(await refusedUpgrade(plain.url), { status: 429 }, 'a proxy’s sockets are apart from its machine’s');

  const trusting = await watchedServer(t, { TRUST_PROXY: '127.0.0.1,10.0.0.0/8' });
  t.same(
    await trusting.ask('10.1.2.3', 'x-forwarded-for', { 'x-forwarded-for': '198.51.100.1' }),
    [200, 200, 429, 429],
  );
  t.same(
    await trusting.ask('10.1.2.3', 'x-forwarded-for', { 'x-forwarded-for': '10.9.9.9, 10.8.8.8' }),
    [200, 200, 429, 429],
  );
  t.same(trusting.warnings, []);
  t.same(await trusting.ask('172.16.0.1'), [200, 200, 200, 200], 'another one is not trusted');
  t.match(trusting.warnings, [{ peer: '172.16.0.1', msg: /TRUST_PROXY/ }]);
});

t.test('which addresses are private', (t) => {
  for (const address of [
    '127.0.0.1',
    '10.255.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.1.1',
    '::1',
    'fd12::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
  ]) {
    t.equal(isPrivateAddress(address), true, address);
  }
  for (const address of [
    '',
    'localhost',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
    '192.169.0.1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
  ]) {
    t.equal(isPrivateAddress(address), false, address);
  }
  t.end();
});
