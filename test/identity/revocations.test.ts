import { once } from 'node:events';
import t from '../support/tap.ts';
import { makeToken } from '../../server/identity/make-token.ts';
import { Peer } from '../support/peer.ts';
import { stoppableDatabase } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';
import {
  anyToken,
  api,
  refusedUpgrade,
  tokenEnd,
  tokenOf,
  tokenSettings,
  validate,
} from '../support/tokens.ts';
import { camera } from '../support/tracks.ts';

const administrator = await tokenOf('admin', { roomAdmin: true });

const revoke = (url: string, body: unknown, token = administrator) =>
  fetch(`${url}/api/v1/revocations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

t.test('a revoked user is out of every call within a second, and does not come back', async (t) => {
  const { url, rooms } = await testServer(t, tokenSettings);
  const token = await tokenOf('ada');
  const ada = await Peer.inRoom(t, url, 'tea', { token });
  const ben = await Peer.inRoom(t, url, 'tea', { token: await tokenOf('ben') });
  const { producerId } = await ada.request('produce', camera(ada));
  await ben.request('consume', { producerId });
  const broken = await Peer.inRoom(t, url, 'tea', { token });
  broken.socket.terminate();
  await once(broken.socket, 'close');
  const idle = await Peer.connect(t, url, { token });

  const ends = Promise.all([tokenEnd(ada), tokenEnd(idle)]);
  t.equal((await revoke(url, { userId: 'ada' })).status, 204);
  t.same(await ends, ['the access token was revoked', 'the access token was revoked']);
  for (const { joined } of [ada, broken]) {
    const left = { participantId: joined.participantId, reason: 'removed' };
    t.match(
      await ben.next('participantLeft', ({ participantId }) => participantId === left.participantId),
      left,
    );
  }
  t.same(rooms.presencesOf('ada'), []);
  t.equal(rooms.presencesOf('ben').length, 1, 'nobody else is touched');

  t.match(await refusedUpgrade(url, token), { status: 401, body: { message: /was revoked/ } });
  t.match(await validate(url, token), { status: 401, body: { detail: /was revoked/ } });
  const undated = await anyToken({ iat: undefined });
  t.match(await validate(url, undated), { status: 401 }, 'one that does not say when it was made is as old');
  const later = await anyToken({ iat: Math.floor(Date.now() / 1000) + 1 });
  const again = await Peer.connect(t, url, { token: later });
  const { resumeToken } = ada.joined;
  await t.rejects(again.request('resume', { resumeToken }), { code: 'not_found' }, 'the place is gone');
  t.ok(await again.request('join', { room: 'tea', displayName: 'Ada' }), 'a new token lets in again');
});

t.test('with jti, that token alone', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const one = await Peer.connect(t, url, { token: await anyToken({ sub: 'cy', jti: 'one' }) });
  const other = await Peer.connect(t, url, { token: await anyToken({ sub: 'cy', jti: 'other' }) });
  const namesake = await Peer.connect(t, url, { token: await anyToken({ sub: 'ben', jti: 'one' }) });
  const end = tokenEnd(one);
  t.equal((await revoke(url, { userId: 'cy', jti: 'one' })).status, 204);
  await end;
  await t.rejects(other.request('refreshToken', { token: await anyToken({ sub: 'cy', jti: 'one' }) }), {
    code: 'unauthorized',
  });
  t.ok(await other.request('refreshToken', { token: await anyToken({ sub: 'cy', jti: 'third' }) }));
  t.ok(await namesake.request('refreshToken', { token: await anyToken({ sub: 'ben' }) }));
});

/** Every way to write a token whose signature decodes to the same bytes. */
function spellings(token: string): string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const end = token.lastIndexOf('.') + 1;
  const bytes = Buffer.from(token.slice(end), 'base64url');
  const lastCharacters = Array.from(alphabet)
    .map((last) => `${token.slice(0, -1)}${last}`)
    .filter((other) => Buffer.from(other.slice(end), 'base64url').equals(bytes));
  return lastCharacters.flatMap((one) => [one, `${one}=`]);
}

t.test('a token that is spelled otherwise is the same one', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  // Made later than its removal, by a clock that is ahead: that token alone is barred.
  const token = await anyToken({ sub: 'bob', iat: Math.floor(Date.now() / 1000) + 20 });
  const host = await Peer.inRoom(t, url, 'tea', {
    token: await tokenOf('host', { roomJoin: true, roomAdmin: true }),
  });
  const bob = await Peer.inRoom(t, url, 'tea', { token });
  await host.request('removeParticipant', { participantId: bob.joined.participantId });
  const all = spellings(token);
  t.equal(all.length, 8);
  for (const one of all) {
    const joining = Peer.connect(t, url, { token: one }).then((peer) =>
      peer.request('join', { room: 'tea', displayName: 'Bob' }),
    );
    await t.rejects(joining, { code: 'forbidden' }, one.slice(-4));
  }
  const anew = await anyToken({ sub: 'bob', iat: Math.floor(Date.now() / 1000) + 21 });
  t.ok(await Peer.inRoom(t, url, 'tea', { token: anew }), 'another one lets in again');
});

t.test('revocations outlive the server, and reach others that share the database', async (t) => {
  const database = await stoppableDatabase(t);
  const settings = { ...tokenSettings, SHARED_DATABASE: 'on' };
  const first = await testServer(t, settings, { database, faults: true });
  const second = await testServer(t, { ...settings, NODE_ID: 'second' }, { database, faults: true });
  const token = await tokenOf('ada');
  const ada = await Peer.connect(t, second.url, { token });
  t.equal((await revoke(first.url, { userId: 'ada' })).status, 204);
  t.equal((await revoke(first.url, { userId: 'ada' })).status, 204, 'twice is no matter');
  const end = tokenEnd(ada);
  await second.revocations.refresh();
  await end;
  const third = await testServer(t, { ...settings, NODE_ID: 'third' }, { database, faults: true });
  t.match(await validate(third.url, token), { status: 401 });

  await database.pool.query(`UPDATE revocations SET revoked_at = '2020-01-01', expires_at = '2021-01-01'`);
  const fourth = await testServer(t, { ...settings, NODE_ID: 'fourth' }, { database, faults: true });
  t.match(await validate(fourth.url, token), { status: 200 }, 'one that has expired is not loaded');

  await database.stop();
  const made = await tokenOf('ben');
  const answer = await revoke(first.url, { userId: 'ben' });
  t.match(await answer.json(), { status: 503, code: 'unavailable', detail: /Repeat it/ });
  t.match(await validate(first.url, made), { status: 401 }, 'it holds all the same');
});

t.test('only administrators of every room may revoke', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const anonymous = await fetch(`${url}/api/v1/revocations`, { method: 'POST' });
  t.equal(anonymous.status, 403, 'a guest is no administrator');
  for (const video of [{}, { roomAdmin: true, room: 'tea' }, { statsRead: true, streamsWrite: true }]) {
    const answer = await revoke(
      url,
      { userId: 'ada' },
      await makeToken({ userId: 'x', video, ttl: 60 }, api),
    );
    t.equal(answer.status, 403, JSON.stringify(video));
  }
  for (const body of [
    {},
    { userId: '' },
    { userId: 'a', jti: 7 },
    { userId: 'a', more: 1 },
    { userId: 'a\0' },
    [],
  ]) {
    const answer = await revoke(url, body);
    t.equal(answer.headers.get('content-type'), 'application/problem+json');
    t.match(await answer.json(), { status: 400, code: 'bad_request', detail: /^body/ }, JSON.stringify(body));
  }
});
