import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { settings } from '../support/ledger.ts';
import { Peer } from '../support/peer.ts';
import { stoppableDatabase, testDatabase } from '../support/postgres.ts';
import { asking, askingWith, pagesOf, problem, production } from '../support/rest.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf } from '../support/tokens.ts';

const everything = { roomJoin: true, roomCreate: true, roomList: true, roomAdmin: true };

/** A server that shares the database, and the journal of what happens there. */
async function otherServer({ database }: TestServer) {
  const node = { nodeId: randomUUID(), incarnation: randomUUID() };
  await registerNode(database.pool, node);
  return { ...createCallJournal(database.pool, node), nodeId: node.nodeId };
}

t.test('a room is opened, read, changed by its ETag, and closed', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  const opened = await ask('POST', '/rooms', { name: 'tea', maxParticipants: 4, emptyTtlMs: 60_000 });
  const { id = '', startedAt } = opened.body as Record<string, string>;
  const tea = { id, name: 'tea', startedAt, locked: false, maxParticipants: 4, emptyTtlMs: 60_000 };
  t.same(opened.body, tea);
  t.match(opened, { status: 201, headers: { location: `/api/v1/rooms/${id}`, etag: `"${id}.1"` } });

  for (const path of [String(opened.headers['location']), '/rooms/tea']) {
    const read = await ask('GET', path);
    t.match(read, { status: 200, headers: { etag: `"${id}.1"` } });
    t.same(read.body, tea);
  }
  const changed = await ask(
    'PATCH',
    '/rooms/tea',
    { locked: true, maxParticipants: null },
    { 'if-match': `"${id}.1"` },
  );
  t.match(changed, { status: 200, headers: { etag: `"${id}.2"` } });
  t.same(changed.body, { id, name: 'tea', startedAt, locked: true, emptyTtlMs: 60_000 });
  t.same((await ask('GET', '/rooms?name=tea')).body, { rooms: [{ ...changed.body, participantCount: 0 }] });

  t.match(await ask('DELETE', `/rooms/${id}`), { status: 204, body: {} });
  const closed = await ask('GET', `/rooms/${id}`);
  t.match(closed, { status: 200, body: { ...changed.body, endedAt: /Z$/ } });
  t.not(closed.headers['etag'], `"${id}.2"`, 'what is described differently has another ETag');
  t.same((await ask('GET', '/rooms/tea')).body, closed.body, 'the name is for the latest session');
  t.match(await ask('DELETE', `/rooms/${id}`), { status: 204 }, 'closing it again changes nothing');
  t.match(await ask('DELETE', '/rooms/tea', undefined, { 'if-match': '"x"' }), { status: 204 });
  t.match(await ask('PATCH', '/rooms/tea', { locked: false }, { 'if-match': '*' }), problem(410, 'gone'));

  const again = await ask('POST', '/rooms', { name: 'tea' });
  t.match(await ask('GET', '/rooms/tea'), { body: { id: again.body['id'], emptyTtlMs: 300_000 } });
  t.match(await ask('GET', `/rooms/${id}`), { body: { id, endedAt: String } }, 'its id is for a former one');
});

t.test('without a name it gets one that is legal and new', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  const names = new Set<unknown>();
  for (let made = 0; made < 5; made += 1) names.add((await ask('POST', '/rooms', {})).body['name']);
  names.add((await ask('POST', '/rooms')).body['name']);
  t.equal(names.size, 6);
  for (const name of names) t.match(name, /^[a-z]{5}(-[a-z]{5}){3}$/);
});

t.test('a room is opened locked by who may unlock it alone', async (t) => {
  const server = await testServer(t, production);
  const opener = await askingWith(server, { roomCreate: true });
  const locked = { name: 'standup', locked: true };
  const refused = await opener('POST', '/rooms', locked);
  t.match(refused, problem(403, 'forbidden'));
  t.match(refused.body, { detail: /roomAdmin/ });
  t.equal(server.rooms.find('standup'), undefined);
  t.match(await opener('POST', '/rooms', { name: 'standup', locked: false }), { status: 201 });
  const host = await askingWith(server, { roomCreate: true, roomAdmin: true, room: 'tea' });
  t.match(await host('POST', '/rooms', { ...locked, name: 'tea' }), { status: 201, body: { locked: true } });
  t.match(await host('POST', '/rooms', locked), problem(403, 'forbidden'));

  const open = await testServer(t, { ...production, GUESTS: 'on' });
  t.match(await asking(open, undefined)('POST', '/rooms', { name: 'standup' }), problem(403, 'forbidden'));
});

t.test(
  'where the server is full, a room that waits for its first goes after those that were left',
  async (t) => {
    const server = await testServer(t, { ...production, MAX_ROOMS: '2' });
    const ask = await askingWith(server, everything);
    await ask('POST', '/rooms', { name: 'booked', maxParticipants: 2 });
    for (const name of ['tea', 'coffee']) {
      const ada = await Peer.inRoom(t, server.url, name, { token: await tokenOf('ada') });
      await ada.request('leave', {});
    }
    await server.rooms.recorded();
    t.same([...server.rooms.rooms].map(({ name }) => name).sort(), ['booked', 'coffee']);
    t.match(await ask('GET', '/rooms/tea'), { body: { endedAt: String } });
    await ask('DELETE', '/rooms/coffee');
    t.match(await ask('POST', '/rooms', { name: 'milk' }), { status: 201 });
    t.match(await ask('POST', '/rooms', { name: 'cocoa' }), { status: 201 }, 'it goes all the same');
    t.same([...server.rooms.rooms].map(({ name }) => name).sort(), ['cocoa', 'milk']);
  },
);

t.test('what was set holds for who joins', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  await ask('POST', '/rooms', { name: 'small', maxParticipants: 1 });
  const { body } = await ask('POST', '/rooms', { name: 'locked', locked: true });
  await Peer.inRoom(t, server.url, 'small', { token: await tokenOf('ada') });
  const ben = await Peer.connect(t, server.url, { token: await tokenOf('ben') });
  const join = (room: string) => ben.request('join', { room, displayName: 'Ben' });
  await t.rejects(join('small'), { code: 'room_full', body: { limit: 1 } });
  await t.rejects(join('locked'), { code: 'room_locked' });
  await ask('PATCH', '/rooms/locked', { locked: false }, { 'if-match': '*' });
  t.match(await join('locked'), { room: { id: body['id'], locked: false } });
  await ask('PATCH', '/rooms/locked', { locked: true }, { 'if-match': '*' });
  t.same(await ben.next('roomUpdated'), { locked: true });
  t.match(await ask('GET', '/rooms?name=locked'), { body: { rooms: [{ participantCount: 1 }] } });
  await ask('DELETE', '/rooms/locked');
  t.same(await ben.next('roomClosed'), { reason: 'room_closed' });
});

t.test('a room that nobody comes to ends after its time', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  await ask('POST', '/rooms', { name: 'short', emptyTtlMs: 1_000 });
  const room = server.rooms.find('short');
  await new Promise<void>((resolve) => room?.once('close', () => resolve()));
  await server.rooms.recorded();
  t.match(await ask('GET', '/rooms/short'), { status: 200, body: { endedAt: String } });
});

t.test('a room that is there, a server that is full, and what does not fit, are refused', async (t) => {
  const server = await testServer(t, { ...production, MAX_ROOMS: '1', MAX_PARTICIPANTS_PER_ROOM: '10' });
  const ask = await askingWith(server, everything);
  for (const body of [
    { name: '' },
    { name: 'a b' },
    { name: '-a' },
    { name: 'x'.repeat(65) },
    { name: null },
    { locked: 'yes' },
    { maxParticipants: 0 },
    { maxParticipants: 11 },
    { maxParticipants: 1.5 },
    { maxParticipants: null },
    { emptyTtlMs: 999 },
    { emptyTtlMs: 86_400_001 },
    { title: 'x' },
    [],
  ]) {
    t.match(await ask('POST', '/rooms', body), problem(400, 'bad_request'), JSON.stringify(body));
  }
  t.match(await ask('POST', '/rooms', { name: 'tea', maxParticipants: 10 }), { status: 201 });
  t.match(await ask('POST', '/rooms', { name: 'tea' }), problem(409, 'room_exists'));
  await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ada') });
  const full = await ask('POST', '/rooms', { name: 'coffee' });
  t.match(full, problem(503, 'server_full'));
  t.match(full.body, { limit: 1, current: 1 });

  for (const body of [
    {},
    { name: 'x' },
    { locked: null },
    { maxParticipants: 11 },
    { emptyTtlMs: 1 },
    undefined,
  ]) {
    const changed = await ask('PATCH', '/rooms/tea', body, { 'if-match': '*' });
    t.match(changed, problem(400, 'bad_request'), JSON.stringify(body));
  }
  for (const path of ['/rooms/%00', '/rooms/a%20b', `/rooms/${'x'.repeat(65)}`]) {
    t.match(await ask('GET', path), problem(400, 'bad_request'), path);
  }
});

t.test('a change needs the ETag of now, by RFC 9110', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  const { body } = await ask('POST', '/rooms', { name: 'tea' });
  const first = `"${String(body['id'])}.1"`;
  const change = (ifMatch?: string) =>
    ask('PATCH', '/rooms/tea', { locked: true }, ifMatch === undefined ? {} : { 'if-match': ifMatch });
  t.match(await change(), problem(428, 'precondition_required'));
  for (const wrong of [
    '"x"',
    `x${first}`,
    `${first}, *`,
    `W/${first}`,
    first.slice(1, -1),
    '',
    `"${String(body['id'])}.2"`,
  ]) {
    t.match(await change(wrong), problem(412, 'changed_meanwhile'), wrong);
    t.match(
      await ask('DELETE', '/rooms/tea', undefined, { 'if-match': wrong }),
      problem(412, 'changed_meanwhile'),
    );
  }
  t.match(await ask('GET', '/rooms/tea'), { headers: { etag: first } }, 'nothing has changed');

  const both = await Promise.all([change(first), change(first)]);
  t.same(both.map(({ status }) => status).sort(), [200, 412], 'of two with the same ETag one wins');
  const second = first.replace('.1"', '.2"');
  t.match(await change(`"other", ${second}`), { status: 200 });
  t.match(await change(' * '), { status: 200, headers: { etag: first.replace('.1"', '.4"') } });

  const unless = (known: string) => ask('GET', '/rooms/tea', undefined, { 'if-none-match': known });
  const now = first.replace('.1"', '.4"');
  for (const known of [now, `W/${now}`, '*', `${first}, ${now}`]) {
    t.match(await unless(known), { status: 304, body: {}, headers: { etag: now } }, known);
  }
  for (const known of [first, '"x"', 'x']) t.match(await unless(known), { status: 200 }, known);
  t.match(await ask('DELETE', '/rooms/tea', undefined, { 'if-match': now }), { status: 204 });
});

t.test('who may do what', async (t) => {
  const server = await testServer(t, production);
  const admin = await askingWith(server, everything);
  const tea = String((await admin('POST', '/rooms', { name: 'tea' })).body['id']);
  const milk = String((await admin('POST', '/rooms', { name: 'milk' })).body['id']);
  const any = { 'if-match': '*' };
  const change = { locked: false };

  for (const [method, path, body] of [
    ['POST', '/rooms', { name: 'x' }],
    ['GET', '/rooms'],
    ['GET', '/rooms/tea'],
    ['GET', '/rooms/never-seen'],
    ['PATCH', '/rooms/tea', change],
    ['DELETE', `/rooms/${tea}`],
  ] as const) {
    const what = `${method} ${path}`;
    t.match(await asking(server, undefined)(method, path, body), problem(401, 'unauthorized'), what);
    const other = await askingWith(server, { roomJoin: true, statsRead: true, streamsWrite: true });
    t.match(await other(method, path, body, any), problem(403, 'forbidden'), what);
  }

  const lister = await askingWith(server, { roomList: true });
  t.match(await lister('GET', '/rooms'), { status: 200 });
  t.match(await lister('GET', '/rooms/tea'), { status: 200 });
  t.match(await lister('PATCH', '/rooms/tea', change, any), problem(403, 'forbidden'));
  t.match(await lister('DELETE', '/rooms/tea'), problem(403, 'forbidden'));
  t.match(await lister('POST', '/rooms', {}), problem(403, 'forbidden'));

  const host = await askingWith(server, { ...everything, room: 'tea' });
  for (const path of ['/rooms/tea', `/rooms/${tea}`]) {
    t.match(await host('GET', path), { status: 200 });
    t.match(await host('PATCH', path, change, any), { status: 200 });
  }
  for (const path of ['/rooms/milk', `/rooms/${milk}`, '/rooms/never-seen']) {
    t.match(await host('GET', path), problem(403, 'forbidden'), path);
    t.match(await host('PATCH', path, change, any), problem(403, 'forbidden'));
    t.match(await host('DELETE', path), problem(403, 'forbidden'));
  }
  t.match(await host('GET', '/rooms'), problem(403, 'forbidden'), 'the list is of every room');
  t.match(await host('POST', '/rooms', {}), problem(403, 'forbidden'));
  t.match(await host('POST', '/rooms', { name: 'coffee' }), problem(403, 'forbidden'));
  t.match(await host('DELETE', '/rooms/tea'), { status: 204 });
  t.match(await host('POST', '/rooms', { name: 'tea' }), { status: 201 });

  for (const path of ['/rooms/never-seen', `/rooms/${randomUUID()}`]) {
    t.match(await admin('GET', path), problem(404, 'not_found'), path);
    t.match(await admin('PATCH', path, change, any), problem(404, 'not_found'));
    t.match(await admin('DELETE', path), problem(404, 'not_found'));
  }
});

t.test('while it is developed with, guests may open and list rooms, and not change them', async (t) => {
  const server = await testServer(t);
  const guest = asking(server, undefined);
  const name = `g-${randomUUID()}`;
  t.match(await guest('POST', '/rooms', { name }), { status: 201 });
  t.match(await guest('GET', `/rooms?name=${name}`), { body: { rooms: [{ name }] } });
  t.match(await guest('GET', `/rooms/${name}`), { status: 200 });
  t.match(
    await guest('PATCH', `/rooms/${name}`, { locked: true }, { 'if-match': '*' }),
    problem(403, 'forbidden'),
  );
  t.match(await guest('DELETE', `/rooms/${name}`), problem(403, 'forbidden'));
});

t.test('the list has the rooms of every server and those that are over, page by page', async (t) => {
  const server = await testServer(t, production, { database: await testDatabase(t) });
  const ask = await askingWith(server, everything);
  const journal = await otherServer(server);
  const startedAt = new Date('2026-01-31T18:00:00.123Z');
  const sessions = Array.from({ length: 7 }, (_, index) => ({
    id: randomUUID(),
    roomName: index < 2 ? 'tea' : `room-${index}`,
    // Four that began at once: then the id decides.
    startedAt: new Date(startedAt.getTime() + Math.max(0, index - 3) * 1_000),
    settings,
  }));
  for (const session of sessions) await journal.sessionStarted(session);
  for (const { id } of sessions.slice(0, 3)) await journal.sessionEnded({ id, endedAt: new Date() });
  const expected = [...sessions]
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.id < b.id ? 1 : -1))
    .map(({ id }) => id);
  const ids = (pages: { id: string }[][]) => pages.map((page) => page.map(({ id }) => id));

  t.same(ids(await pagesOf(ask, '/rooms?state=all&limit=100', 'rooms')), [expected]);
  for (const limit of [1, 2, 3, 7]) {
    const pages = ids(await pagesOf(ask, `/rooms?state=all&limit=${limit}`, 'rooms'));
    t.same(pages.flat(), expected, `${limit} a page`);
    t.equal(pages.length, Math.ceil(7 / limit), 'the last page says that it is the last');
  }
  const over = new Set(sessions.slice(0, 3).map(({ id }) => id));
  t.same(
    ids(await pagesOf(ask, '/rooms?state=closed&limit=2', 'rooms')).flat(),
    expected.filter((id) => over.has(id)),
  );
  t.same(
    ids(await pagesOf(ask, '/rooms?limit=2', 'rooms')).flat(),
    expected.filter((id) => !over.has(id)),
  );
  t.equal(ids(await pagesOf(ask, '/rooms?state=all&name=tea&limit=1', 'rooms')).flat().length, 2);
  t.same(await pagesOf(ask, '/rooms?name=never-seen', 'rooms'), [[]]);

  const first = await ask('GET', '/rooms?state=all&limit=4&name=room-9');
  t.equal(first.headers['link'], undefined);
  const token = await tokenOf('asker', { roomList: true });
  const start = await asking(server, undefined)('GET', `/rooms?state=all&limit=4&access_token=${token}`);
  await ask('POST', '/rooms', { name: 'made-meanwhile' });
  const link = /^<(.+)>; rel="next"$/.exec(String(start.headers['link']))?.[1] ?? '';
  t.notMatch(link, /access_token/);
  const rest = await ask('GET', link);
  const shown = [start, rest].flatMap(({ body }) => (body['rooms'] as { id: string }[]).map(({ id }) => id));
  t.same(shown, expected, 'what is new meanwhile moves nothing');
});

t.test('a list’s query is checked', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  const cursor = (text: string) => `cursor=${Buffer.from(text).toString('base64url')}`;
  for (const query of [
    'state=any',
    'limit=0',
    'limit=101',
    'limit=1.5',
    'limit=x',
    'name=a%20b',
    'sort=name',
    'state=open&state=all',
    'cursor=',
    'cursor=x',
    'cursor=%00',
    `cursor=${'x'.repeat(200)}`,
    cursor('2026-01-31T18:00:00.123456Z'),
    cursor('2026-01-31T18:00:00.123456Z x'),
    cursor(`2026-02-30T18:00:00.123456Z ${randomUUID()}`),
    cursor(`2026-01-31T25:00:00.123456Z ${randomUUID()}`),
    cursor(`0000-01-31T18:00:00.123456Z ${randomUUID()}`),
    cursor(`infinity ${randomUUID()}`),
  ]) {
    const refused = await ask('GET', `/rooms?${query}`);
    t.match(refused, problem(400, 'bad_request'), query);
    t.match(
      refused.body['detail'],
      new RegExp(query.split('=')[0] === 'sort' ? 'querystring' : `${query.split('=')[0]}`),
    );
  }
  const good = cursor(`2026-01-31T18:00:00.123456Z ${randomUUID()}`);
  t.match(await ask('GET', `/rooms?${good}`), { status: 200 });
});

t.test('a room of another server can be read here, and not changed', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  const journal = await otherServer(server);
  const id = randomUUID();
  await journal.sessionStarted({ id, roomName: 'over-there', startedAt: new Date(), settings });
  const any = { 'if-match': '*' };
  for (const path of ['/rooms/over-there', `/rooms/${id}`]) {
    t.match(await ask('GET', path), { status: 200, body: { id }, headers: { etag: `"${id}.1"` } });
    const refused = await ask('PATCH', path, { locked: true }, any);
    t.match(refused, problem(421, 'elsewhere'));
    t.match(refused.body, { detail: new RegExp(`NODE_ID is ${journal.nodeId}`) }, 'it says which');
    t.match(await ask('DELETE', path), problem(421, 'elsewhere'));
    t.match(await ask('DELETE', `${path}/participants/x`), problem(421, 'elsewhere'));
  }
  await journal.sessionEnded({ id, endedAt: new Date() });
  t.match(await ask('PATCH', `/rooms/${id}`, { locked: true }, any), problem(410, 'gone'));
  t.match(await ask('DELETE', `/rooms/${id}`), { status: 204 });
});

t.test('a room whose name is another one’s id does not stand in for it', async (t) => {
  const server = await testServer(t, production);
  const ask = await askingWith(server, everything);
  const journal = await otherServer(server);
  const id = randomUUID();
  await journal.sessionStarted({ id, roomName: 'victim', startedAt: new Date(), settings });
  await ask('POST', '/rooms', { name: id });
  t.match(await ask('GET', `/rooms/${id}`), { body: { id, name: 'victim' } });
  const host = await askingWith(server, { roomAdmin: true, room: id });
  t.match(await host('GET', `/rooms/${id}`), problem(403, 'forbidden'));
});

t.test('without the database it is 503; a room that is open here can be read', async (t) => {
  const database = await stoppableDatabase(t);
  const server = await testServer(t, production, { database, faults: true });
  const ask = await askingWith(server, everything);
  await ask('POST', '/rooms', { name: 'tea' });
  await database.stop();
  for (const [method, path, body] of [
    ['POST', '/rooms', {}],
    ['GET', '/rooms'],
    ['GET', '/rooms/other'],
    ['GET', `/rooms/${randomUUID()}`],
    ['PATCH', '/rooms/other', { locked: true }],
    ['DELETE', '/rooms/other'],
    ['GET', '/rooms/tea/participants'],
    ['GET', `/rooms/tea/participants/${randomUUID()}`],
    ['GET', '/rooms/tea/streams'],
    ['GET', '/users/asker/streams/history'],
  ] as const) {
    t.match(await ask(method, path, body), problem(503, 'unavailable'), `${method} ${path}`);
  }
  t.match(await ask('GET', '/rooms/tea'), { status: 200 });
});
