import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import t from '../support/tap.ts';
import { testCoturn } from '../support/coturn.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';
import { TurnClient } from '../support/turn-client.ts';

const OLD_SECRET = 'the-secret-until-now-of-32-bytes-or-more';
const NEW_SECRET = 'the-secret-from-now-on-of-32-bytes-or-more';

const nameOf = ({ joined }: JoinedPeer) => joined.iceServers[0]?.username.split(':')[1];

t.test('credentials for coturn come with the join, and anew with each ICE restart', async (t) => {
  const coturn = await testCoturn(t, { secrets: [OLD_SECRET, NEW_SECRET], allowedPeer: '192.0.2.1' });
  const { url } = await testServer(t, {
    TURN_HOST: `${coturn.address},call.example.org,2001:db8::7`,
    TURN_PORT: String(coturn.port),
    TURN_TLS_PORT: '5349',
    TURN_SECRETS: `${NEW_SECRET}, ${OLD_SECRET}`,
  });
  const asked = Date.now();
  const peer = await Peer.inRoom(t, url, 'tea');
  const again = await peer.request('restartIce', { transportId: peer.recv.id });
  const told = Date.now();
  for (const iceServers of [peer.joined.iceServers, again.iceServers]) {
    const [turn] = iceServers;
    if (!turn) throw new Error('no TURN server was told');
    t.same(turn.urls.slice(3), [
      `turn:call.example.org:${coturn.port}?transport=udp`,
      `turn:call.example.org:${coturn.port}?transport=tcp`,
      'turns:call.example.org:5349?transport=tcp',
      `turn:[2001:db8::7]:${coturn.port}?transport=udp`,
      `turn:[2001:db8::7]:${coturn.port}?transport=tcp`,
      'turns:[2001:db8::7]:5349?transport=tcp',
    ]);
    const [expiry = '', user = ''] = turn.username.split(':');
    const madeAt = Number(expiry) * 1000 - 600_000;
    t.ok(madeAt > asked - 1_000 && madeAt < told + 1_000, 'valid for ten minutes, to the second');
    t.notMatch(turn.username, peer.hello.userId, 'the relay does not learn who it is');
    t.equal(user, nameOf(peer), 'and counts by the same name');
    t.match(await (await TurnClient.open(t, coturn)).allocate(turn), { ok: true });
  }
});

t.test('the relay counts guests by their address, and who has a token as a user of their own', async (t) => {
  const { url } = await testServer(t, {
    ...tokenSettings,
    TRUST_PROXY: '127.0.0.1',
    TURN_HOST: '127.0.0.1',
    TURN_SECRETS: NEW_SECRET,
  });
  const from = async (address: string, token?: string) =>
    nameOf(await Peer.inRoom(t, url, 'tea', { forwardedFor: address, ...(token && { token }) }));
  const guest = await from('192.0.2.7');
  t.equal(await from('192.0.2.7'), guest, 'another guest of that address');
  t.not(await from('192.0.2.8'), guest, 'of another address');
  t.equal(await from('2001:db8::1'), await from('2001:db8::ffff:1'), 'IPv6 is by network');
  const token = await tokenOf('ada', { roomJoin: true });
  const ada = await from('192.0.2.7', token);
  t.not(ada, guest);
  t.equal(await from('192.0.2.8', token), ada);
  t.not(
    await from('192.0.2.7', await tokenOf('192.0.2.7', { roomJoin: true })),
    guest,
    'whatever their id is',
  );
});

t.test('behind a proxy that is not trusted each guest is counted apart', async (t) => {
  const { url } = await testServer(t, { TURN_HOST: '127.0.0.1', TURN_SECRETS: NEW_SECRET });
  const guest = async () => nameOf(await Peer.inRoom(t, url, 'tea', { forwardedFor: '192.0.2.7' }));
  t.not(await guest(), await guest());
});

t.test('who is in no room is told of no relay', async (t) => {
  const { url } = await testServer(t, { TURN_HOST: '127.0.0.1', TURN_SECRETS: NEW_SECRET });
  const peer = await Peer.connect(t, url);
  t.notMatch(JSON.stringify(peer.received), 'turn:');
  const refused = await peer.raw('restartIce', { transportId: randomUUID() });
  t.match(refused, { ok: false, error: { code: 'not_joined' } });
});

t.test('without a relay none is told', async (t) => {
  const { url } = await testServer(t);
  t.same((await Peer.inRoom(t, url, 'tea')).joined.iceServers, []);
});

t.test(
  'transports have a candidate for every announced address, each protocol, never one that is only bound',
  async (t) => {
    for (const HOST of ['0.0.0.0', '::']) {
      const { url } = await testServer(t, { HOST, ANNOUNCED_ADDRESS: '127.0.0.1,203.0.113.7,2001:db8::7' });
      const { recv } = await Peer.inRoom(t, url.replace(/\/\/[^/]*:/, '//127.0.0.1:'), 'tea');
      const told = recv.iceCandidates.map(({ address, protocol }) => `${address} ${protocol}`);
      t.same(told.sort(), [
        '127.0.0.1 tcp',
        '127.0.0.1 udp',
        '2001:db8::7 tcp',
        '2001:db8::7 udp',
        '203.0.113.7 tcp',
        '203.0.113.7 udp',
      ]);
      const portOf = (family: number) =>
        recv.iceCandidates.find(({ address }) => isIP(address) === family)?.port;
      t.equal(
        portOf(4) === portOf(6),
        HOST === '0.0.0.0',
        'a port of its own for each family that has a socket',
      );
    }
  },
);
