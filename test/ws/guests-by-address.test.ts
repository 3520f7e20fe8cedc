import { once } from 'node:events';
import t, { type Test } from '../support/tap.ts';
import type { Response } from '../../server/protocol/envelope.ts';
import { Peer, type Credentials } from '../support/peer.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const settings = { ...tokenSettings, TRUST_PROXY: '127.0.0.1' };
const office = { forwardedFor: '192.0.2.1' };
const elsewhere = { forwardedFor: '192.0.2.2' };

/** Somebody new tries to join a room. */
async function join(t: Test, { url }: TestServer, room: string, as: Credentials): Promise<Response> {
  const peer = await Peer.connect(t, url, as);
  return peer.raw('join', { room, displayName: 'Ada' });
}

/** Rooms with these numbers, joined at once. @returns the refusals. */
async function joinAll(t: Test, server: TestServer, numbers: number[], as: Credentials): Promise<Response[]> {
  const answers = await Promise.all(numbers.map((number) => join(t, server, `room-${number}`, as)));
  return answers.filter(({ ok }) => !ok);
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

const tooManyRooms = (limit: number) => ({
  ok: false,
  error: {
    code: 'address_limit',
    message: `Guests from your network address have as many rooms open as they may (${limit} of ${limit}). Join one of those, or try again when one has closed.`,
    limit,
    current: limit,
  },
});

t.test('guests of one address have ten rooms open, and no other address is held up', async (t) => {
  const server = await testServer(t, settings);
  const refusals = await joinAll(t, server, upTo(15), office);
  t.equal(refusals.length, 5, 'also where they come at once');
  for (const refusal of refusals) t.same({ ...refusal, id: 0 }, { id: 0, ...tooManyRooms(10) });
  t.equal(server.rooms.rooms.size, 10);
  const [open] = server.rooms.rooms;
  t.match(
    await join(t, server, open?.name ?? '', office),
    { ok: true },
    'rooms that are open are open to all',
  );
  t.match(await join(t, server, 'another', elsewhere), { ok: true });
  t.match(await join(t, server, 'ours', { ...office, token: await tokenOf('ada') }), { ok: true });
  t.match(await join(t, server, 'more', office), tooManyRooms(10));
});

t.test('a room counts until it closes, whoever is in it', async (t) => {
  const server = await testServer(t, { ...settings, GUEST_ROOMS_PER_ADDRESS: '2' });
  const first = await Peer.inRoom(t, server.url, 'first', office);
  await Peer.inRoom(t, server.url, 'first', elsewhere);
  await Peer.inRoom(t, server.url, 'second', elsewhere);
  await Peer.inRoom(t, server.url, 'second', office);
  await Peer.inRoom(t, server.url, 'third', office);
  await first.request('leave', {});
  t.match(await join(t, server, 'fourth', office), tooManyRooms(2), 'others are in it');
  t.match(await join(t, server, 'fourth', elsewhere), { ok: true });
  t.match(await join(t, server, 'fifth', elsewhere), tooManyRooms(2));
  server.rooms.find('first')?.close('room_closed');
  t.match(await join(t, server, 'fifth', elsewhere), tooManyRooms(2), 'it was not theirs');
  t.match(await join(t, server, 'fifth', office), { ok: true });
});

t.test('an empty room counts as long as it waits; one that could not be opened does not', async (t) => {
  const server = await testServer(t, {
    ...settings,
    GUEST_ROOMS_PER_ADDRESS: '1',
    EMPTY_ROOM_TTL_MS: '60000',
  });
  const createRouter = server.workers.createRouter.bind(server.workers);
  server.workers.createRouter = () => Promise.reject(new Error('no worker'));
  t.match(await join(t, server, 'never', office), { ok: false });
  server.workers.createRouter = createRouter;
  const ada = await Peer.inRoom(t, server.url, 'tea', office);
  await ada.request('leave', {});
  const room = server.rooms.find('tea');
  t.equal(room?.participants.size, 0);
  t.match(await join(t, server, 'coffee', office), tooManyRooms(1));
  const closed = new Promise<void>((resolve) => room?.once('close', () => resolve()));
  room?.update({ emptyTtl: 10 });
  await closed;
  t.match(await join(t, server, 'coffee', office), { ok: true });
});

t.test('rooms that are opened over REST count for guests, and not for tokens', async (t) => {
  const server = await testServer(t, { ...settings, GUEST_ROOMS_PER_ADDRESS: '2' });
  const open = async (url: string, token?: string) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { 'x-forwarded-for': office.forwardedFor, ...authorization };
    return server.app.inject({ method: 'POST', url, headers });
  };
  const token = await tokenOf('backend', { roomCreate: true });
  for (const url of ['/api/room', '/api/v1/rooms']) {
    for (let times = 0; times < 3; times += 1) t.ok((await open(url, token)).statusCode < 300);
  }
  t.equal((await open('/api/room')).statusCode, 200);
  t.equal((await open('/api/v1/rooms')).statusCode, 201);
  const older = await open('/api/room');
  t.equal(older.statusCode, 409);
  t.match(older.json(), { msg: /as many rooms open as they may \(2 of 2\)/ });
  const refused = await open('/api/v1/rooms');
  t.equal(refused.statusCode, 409);
  t.match(refused.json(), { code: 'address_limit', limit: 2, current: 2 });
  t.match(await join(t, server, 'tea', office), tooManyRooms(2));
});

t.test('guests of one address are in rooms so many times, from joining until they are gone', async (t) => {
  const server = await testServer(t, { ...settings, GUEST_PRESENCES_PER_ADDRESS: '3' });
  const full = {
    ok: false,
    error: { code: 'address_limit', message: /rooms as may be \(3 of 3\)\. Try again/, limit: 3, current: 3 },
  };
  const ada = await Peer.inRoom(t, server.url, 'tea', office);
  const refusals = await joinAll(t, server, [1, 1, 1, 2, 2], office);
  t.equal(refusals.length, 3, 'also where they come at once');
  for (const refusal of refusals) t.match(refusal, full);
  t.match(await join(t, server, 'tea', elsewhere), { ok: true });
  t.match(await join(t, server, 'tea', { ...office, token: await tokenOf('ben') }), { ok: true });

  ada.socket.terminate();
  await once(ada.socket, 'close');
  t.match(await join(t, server, 'tea', office), full, 'the seat waits');
  const back = await Peer.connect(t, server.url, office);
  const cookie = { resumeToken: ada.joined.resumeToken };
  t.match(await back.raw('resume', cookie), { ok: false, error: { code: 'not_found' } }, 'that is Ada’s');
  server.rooms.find('tea')?.participants.get(ada.joined.participantId)?.close('disconnected');
  t.match(await join(t, server, 'tea', office), { ok: true });
});

t.test('who comes back to a seat is not counted anew, from whatever address', async (t) => {
  const server = await testServer(t, {
    ...tokenSettings,
    TRUST_PROXY: '127.0.0.1',
    GUEST_PRESENCES_PER_ADDRESS: '1',
  });
  const cookie = await cookieOf(server);
  const ada = await Peer.inRoom(t, server.url, 'tea', { ...office, cookie });
  for (const address of [office, elsewhere]) {
    const former = ada.socket;
    const back = await Peer.connect(t, server.url, { ...address, cookie });
    t.match(await back.raw('resume', { resumeToken: ada.joined.resumeToken }), { ok: true });
    former.terminate();
  }
  t.match(await join(t, server, 'tea', office), { ok: false, error: { code: 'address_limit' } });
  t.match(await join(t, server, 'tea', elsewhere), { ok: true }, 'she counts where she joined');
});

t.test('an office of 60 works as the server is by default', async (t) => {
  const server = await testServer(t, {
    ...settings,
    JOINS_PER_MINUTE_PER_USER: '10',
    JOINS_PER_MINUTE_PER_ADDRESS: '60',
    REST_REQUESTS_PER_MINUTE: '600',
    JOIN_TIMEOUT_MS: '10000',
  });
  const people = upTo(60).map((number) => number % 6);
  t.same(await joinAll(t, server, people, office), []);
  t.equal(server.rooms.rooms.size, 6);
});

async function cookieOf({ app }: TestServer): Promise<string> {
  const [cookie] = (await app.inject('/')).cookies;
  if (!cookie) throw new Error('the page gave no cookie');
  return `${cookie.name}=${encodeURIComponent(cookie.value)}`;
}
