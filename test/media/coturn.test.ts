import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from '../support/tap.ts';
import { iceServersFor } from '../../server/media/ice-servers.ts';
import { projectRoot } from '../../server/root.ts';
import { testCoturn } from '../support/coturn.ts';
import { forbiddenPeers } from '../support/forbidden-peers.ts';
import { TurnClient, type Answer } from '../support/turn-client.ts';

/** In TEST-NET-1: it is permitted, and nothing is ever sent to it. */
const ALLOWED_PEER = '192.0.2.1';
const PEER_PORT = 40_000;
const SECRET = 'the secret that signs';
const OLD_SECRET = 'the secret that signed before';

type Credential = ReturnType<typeof credentials>;

const server = await testCoturn(t, { secrets: [SECRET, OLD_SECRET], allowedPeer: ALLOWED_PEER });

/** Credentials as the server makes them. @param age ms that have passed since then. */
function credentials(secret: string, age = 0, countedAs = 'ada') {
  const turn = { hosts: [server.address], port: server.port, tlsPort: undefined, ttl: 600_000 };
  const [made] = iceServersFor(countedAs, { ...turn, secrets: [secret, 'not this one'] }, Date.now() - age);
  if (!made) throw new Error('no TURN server is configured');
  return made;
}

/** What turnserver.conf says, as numbers. */
async function settingsOf(...names: string[]): Promise<number[]> {
  const text = await readFile(join(projectRoot, 'turnserver.conf'), 'utf8');
  return names.map((name) => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(text)?.[1]));
}

async function allocated(t: Test): Promise<TurnClient> {
  const turn = await TurnClient.open(t, server);
  t.match(await turn.allocate(credentials(SECRET)), { ok: true });
  return turn;
}

t.test('a credential signed with any of the secrets gets a relayed address', async (t) => {
  for (const secret of [SECRET, OLD_SECRET]) {
    const turn = await TurnClient.open(t, server);
    t.match(await turn.allocate(credentials(secret)), { ok: true, relayed: { address: '127.0.0.1' } });
  }
});

t.test('a credential signed with a foreign secret is refused', async (t) => {
  const turn = await TurnClient.open(t, server);
  t.match(await turn.allocate(credentials('a foreign secret')), { ok: false, code: 401 });
});

t.test('an expired credential is refused', async (t) => {
  const turn = await TurnClient.open(t, server);
  t.match(await turn.allocate(credentials(SECRET, 610_000)), { ok: false, code: 401 });
});

t.test('an IPv6 relayed address is refused', async (t) => {
  const turn = await TurnClient.open(t, server);
  t.match(await turn.allocate(credentials(SECRET), 'IPv6'), { ok: false, code: 440 });
});

t.test('the allowed peer is permitted', async (t) => {
  const turn = await allocated(t);
  t.same(await turn.permit(ALLOWED_PEER), { ok: true });
  t.same(await turn.bind(ALLOWED_PEER, PEER_PORT), { ok: true });
});

t.test('every other peer is refused a permission and a channel', async (t) => {
  const turn = await allocated(t);
  for (const { address, what } of forbiddenPeers) {
    refused(t, address, await turn.permit(address), `${address} (${what}): no permission`);
    refused(t, address, await turn.bind(address, PEER_PORT), `${address} (${what}): no channel`);
  }
});

t.test('the quotas let an office of 60 work, and leave 95 % to others', async (t) => {
  const [user = 0, total = 0, first = 0, last = 0] = await settingsOf(
    'user-quota',
    'total-quota',
    'min-port',
    'max-port',
  );
  t.ok(user >= 60 * (6 + 2), 'each by 2 connections and 3 URLs, and what coturn keeps of a closed tab');
  t.ok(total >= user * 20);
  t.ok(last - first + 1 >= total * 1.1, 'there is a port for each');
});

t.test(
  'one name cannot have more than its quota, with whichever credentials; another name still can',
  async (t) => {
    const [quota = 0] = await settingsOf('user-quota');
    const own = await testCoturn(t, { secrets: [SECRET], allowedPeer: ALLOWED_PEER });
    const allocate = async (credential: Credential) => (await TurnClient.open(t, own)).allocate(credential);
    for (let n = 0; n < quota; n += 1) {
      const answer = await allocate(credentials(SECRET, (n % 500) * 1_000));
      if (!answer.ok) throw new Error(`allocation ${n + 1} of ${quota}: ${answer.code} ${answer.reason}`);
    }
    t.match(await allocate(credentials(SECRET)), { ok: false, code: 486 });
    t.match(await allocate(credentials(SECRET, 0, 'ben')), { ok: true });
  },
);

/** 403 (Forbidden); or 443 (Peer Address Family Mismatch), which an IPv4 address cannot have. */
function refused(t: Test, peer: string, answer: Answer, message: string): void {
  const expected = isIPv4(peer) ? [403] : [403, 443];
  t.ok(!answer.ok && expected.includes(answer.code), message, { answer });
}
